import { GatewayError } from '../model/error.ts'

const KEY_BYTES = 32

/** Keys printed in documentation and examples. They look real, so they are refused by name. */
export const EXAMPLE_KEYS: readonly string[] = ['pH3vUq0m5xYt8Zc1oWj7Rk2sNd9LgBfEaQ6iTzMwCJk=']

const FIX =
  'Make one with "openssl rand -base64 32" and set it as MCPGW_MASTER_KEY, or put it in MCPGW_MASTER_KEY_FILE.'

/** Reads the master key: base64 of exactly 32 random bytes. Refuses, as `configuration`, what cannot be random. */
export function parseMasterKey(base64: string): Uint8Array {
  const text = base64.trim()
  const problem = problemWithText(text)
  if (problem !== undefined) throw refusal(problem)
  const key = Buffer.from(text, 'base64')
  if (isPredictable(key)) throw refusal('is not random')
  return Uint8Array.from(key)
}

function problemWithText(text: string): string | undefined {
  if (text === '') return 'is empty'
  if (EXAMPLE_KEYS.some((example) => withoutPadding(example) === withoutPadding(text))) {
    return 'is the example from the documentation, which everyone knows'
  }
  if (/^[0-9a-fA-F]+$/.test(text) && text.length % 2 === 0) return 'is hexadecimal, not base64'
  const bytes = Buffer.from(text, 'base64')
  if (withoutPadding(bytes.toString('base64')) !== withoutPadding(text)) return 'is not base64'
  return bytes.length === KEY_BYTES ? undefined : `has ${bytes.length} bytes instead of ${KEY_BYTES}`
}

function withoutPadding(base64: string): string {
  return base64.replace(/={1,2}$/, '')
}

/** A random key fails each of these with a chance below one in 10^13. */
function isPredictable(key: Buffer): boolean {
  const steps = key.subarray(1).map((byte, index) => byte - (key[index] ?? 0))
  const isText = key.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isText || new Set(key).size < 16 || new Set(steps).size < 12
}

function refusal(problem: string): GatewayError {
  return new GatewayError('configuration', `The master key ${problem}.`, { fix: FIX })
}
