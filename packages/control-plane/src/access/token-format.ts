import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Random } from '../model/clock.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX = 'mcpgw_'
const RANDOM_LENGTH = 40
const CHECKSUM_LENGTH = 6

/** A token's outer form, for secret scanners and for a first look. `isWellFormedToken` also checks the checksum. */
export const TOKEN_PATTERN = /^mcpgw_[0-9A-Za-z]{46}$/

/** A new token: 40 base62 characters of randomness (238 bits) and a checksum that scanners can verify offline. */
export function mintToken(random: Random): string {
  const body = PREFIX + randomBase62(random, RANDOM_LENGTH)
  return body + checksumOf(body)
}

/** Whether a text could be a token at all. Anything else is refused without asking the database. */
export function isWellFormedToken(text: string): boolean {
  if (!TOKEN_PATTERN.test(text)) return false
  return checksumOf(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
}

/** What is stored of a token. Its randomness makes a slow password hash pointless. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'base64url')
}

function randomBase62(random: Random, length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      // 248 is the largest multiple of 62 in a byte: the rest would favour the first letters.
      if (byte < 248 && text.length < length) text += ALPHABET.charAt(byte % 62)
    }
  }
  return text
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let digits = ''
  while (rest > 0) {
    digits = ALPHABET.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits.padStart(CHECKSUM_LENGTH, '0')
}
