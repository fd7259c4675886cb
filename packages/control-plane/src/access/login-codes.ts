import { hash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../model/clock.ts'

const CODE_BYTES = 32
const CODE_PATTERN = /^[A-Za-z0-9_-]{43}$/

// RFC 8628, section 6.1: no vowels, so that no word comes out, and nothing that reads like something else.
const USER_CODE_ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const USER_CODE_LENGTH = 8
const USER_CODE_PATTERN = new RegExp(`^[${USER_CODE_ALPHABET}]{${USER_CODE_LENGTH}}$`)

/** A secret for one use: 256 random bits, safe in a URL. */
export function mintCode(random: Random): string {
  return Buffer.from(random.bytes(CODE_BYTES)).toString('base64url')
}

/** What is stored of a code. */
export function hashCode(code: string): string {
  return hash('sha256', code, 'base64url')
}

/** A code that people type: eight letters, about 34 bits. Good for minutes, and only where wrong ones are counted. */
export function mintUserCode(random: Random): string {
  let code = ''
  while (code.length < USER_CODE_LENGTH) {
    for (const byte of random.bytes(USER_CODE_LENGTH)) {
      // 240 is the largest multiple of 20 in a byte: the rest would favour the first letters.
      if (byte < 240 && code.length < USER_CODE_LENGTH) code += USER_CODE_ALPHABET.charAt(byte % 20)
    }
  }
  return code
}

/** A user code as it is shown: in two halves. */
export function formatUserCode(code: string): string {
  return `${code.slice(0, USER_CODE_LENGTH / 2)}-${code.slice(USER_CODE_LENGTH / 2)}`
}

/** What somebody typed as the code it means; undefined when it can be none. */
export function parseUserCode(text: string): string | undefined {
  const code = text.slice(0, 100).replaceAll(/[\s-]/g, '').toUpperCase()
  return USER_CODE_PATTERN.test(code) ? code : undefined
}

/** The code of an invite from the code itself or the link that holds it; undefined when it can be none. */
export function parseInvite(text: string): string | undefined {
  const trimmed = text.trim()
  const code = trimmed.length > 2_000 ? '' : trimmed.replace(/^https?:\/\/.*\/invite\/([^/?#]*)\/?$/i, '$1')
  return CODE_PATTERN.test(code) ? code : undefined
}

/** Whether a verifier belongs to an S256 challenge (RFC 7636). */
export function isVerifierOf(challenge: string, verifier: string): boolean {
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  const given = Buffer.from(hash('sha256', verifier, 'base64url'))
  const expected = Buffer.from(challenge)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
