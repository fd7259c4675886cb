import { expect, it } from 'vitest'
import { crc32 } from './crc32.ts'
import { requireWellFormedToken } from './token.ts'

const token = 'mcpgw_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2j5bm3'

it('computes the CRC32 everyone else computes', () => {
  expect(crc32('123456789')).toBe(0xcbf43926)
  expect(crc32('')).toBe(0)
})

it('accepts a whole token', () => {
  expect(requireWellFormedToken(token, 'stdin')).toBe(token)
})

it.each([
  ['cut off', token.slice(0, -1)],
  ['with a mistyped character', token.replace('a', 'b')],
  ['with a wrong checksum', `${token.slice(0, -1)}4`],
  ['of another product', token.replace('mcpgw_', 'other_')],
  ['with something behind it', `${token}\n${token}`],
  ['that is empty', ''],
])('refuses a token %s, without repeating it', (_, text) => {
  expect(() => requireWellFormedToken(text, 'stdin')).toThrow('The token from stdin is malformed')
  try {
    requireWellFormedToken(text, 'stdin')
  } catch (error) {
    expect(String(error)).not.toContain('aaaa')
  }
})
