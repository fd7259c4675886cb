import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashToken, isWellFormedToken, mintToken, TOKEN_PATTERN } from './token-format.ts'

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('a token', () => {
  it('is mcpgw_ and 46 letters and digits', () => {
    for (let count = 0; count < 200; count += 1) {
      const token = mintToken(random)
      expect(token).toMatch(TOKEN_PATTERN)
      expect(isWellFormedToken(token)).toBe(true)
    }
  })

  it('ends in the CRC32 of everything before, which anyone can recompute', () => {
    const token = mintToken(random)
    const checksum = [...token.slice(46)].reduce((sum, digit) => sum * 62 + ALPHABET.indexOf(digit), 0)
    expect(checksum).toBe(crc32(token.slice(0, 46)))
  })

  it('has the documented form for known randomness', () => {
    const zeros = { bytes: (count: number) => new Uint8Array(count) }
    const body = `mcpgw_${'0'.repeat(40)}`
    expect(mintToken(zeros).slice(0, 46)).toBe(body)
    expect(isWellFormedToken(mintToken(zeros))).toBe(true)
  })

  it('draws every letter equally often', () => {
    let block = 0
    const repeatable = {
      bytes: (count: number) => createHash('shake256', { outputLength: count }).update(`${block++}`).digest(),
    }
    const counts = new Map<string, number>()
    for (let token = 0; token < 2000; token += 1) {
      for (const letter of mintToken(repeatable).slice(6, 46))
        counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    // A plain modulo would give the first eight letters a quarter more than the others.
    const expected = (2000 * 40) / 62
    expect(counts.size).toBe(62)
    expect(Math.max(...counts.values())).toBeLessThan(expected * 1.15)
    expect(Math.min(...counts.values())).toBeGreaterThan(expected * 0.85)
  })

  it('is refused with any one character changed', () => {
    const token = mintToken(random)
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'x' ? 'y' : 'x'
      expect(isWellFormedToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false)
    }
  })

  it('is refused when cut, extended or surrounded', () => {
    const token = mintToken(random)
    for (const text of [
      token.slice(0, -1),
      `${token}0`,
      ` ${token}`,
      `${token}\n`,
      token.toUpperCase(),
      '',
    ]) {
      expect(isWellFormedToken(text)).toBe(false)
    }
  })

  it('is never mistaken for other text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => !isWellFormedToken(text)))
  })

  it('is stored as the SHA-256 that any tool computes', () => {
    expect(hashToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })
})
