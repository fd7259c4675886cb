import { z } from 'zod'
import { GatewayError } from '../model/error.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const MAX_NAMES = 32
const MAX_VALUE_BYTES = 16 * 1024

// Pairs, not an object: any name is then only a name, also `__proto__`.
const sealedSchema = z.array(z.tuple([z.string(), z.string()]))

/**
 * The values of a credential as someone typed them; `invalid_request` says what is wrong without repeating a value.
 * Line breaks are allowed, for private keys; NUL is not, since neither a header nor an environment can carry it.
 */
export function parseCredentialValues(values: Record<string, string>): Map<string, string> {
  const entries = Object.entries(values)
  if (entries.length === 0 || entries.length > MAX_NAMES) {
    throw refusal(`A credential has 1 to ${MAX_NAMES} values.`)
  }
  for (const [name, value] of entries) checkValue(name, value)
  return new Map(entries)
}

function checkValue(name: string, value: string): void {
  if (!NAME.test(name)) {
    throw refusal(
      'The name of a value is 1 to 64 letters, digits and underscores, and does not start with a digit.',
    )
  }
  if (value === '') throw refusal(`The value of ${name} is empty.`)
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw refusal(`The value of ${name} is longer than ${MAX_VALUE_BYTES} bytes.`)
  }
  if (value.includes('\0') || !value.isWellFormed()) throw refusal(`The value of ${name} is not plain text.`)
}

/** The bytes to seal. */
export function encodeValues(values: ReadonlyMap<string, string>): Buffer {
  return Buffer.from(JSON.stringify([...values]))
}

/** The values out of opened bytes, which were checked when they were sealed. */
export function decodeValues(plain: Buffer): Map<string, string> {
  return new Map(sealedSchema.parse(JSON.parse(plain.toString())))
}

function refusal(message: string): GatewayError {
  return new GatewayError('invalid_request', message)
}
