import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  formatUserCode,
  isVerifierOf,
  mintCode,
  mintUserCode,
  parseInvite,
  parseUserCode,
} from './login-codes.ts'

const random = { bytes: (count: number) => randomBytes(count) }

describe('codes for one use', () => {
  it('are 32 random bytes that fit in a URL', () => {
    const codes = Array.from({ length: 100 }, () => mintCode(random))
    for (const code of codes) expect(code).toMatch(/^[\w-]{43}$/)
    expect(new Set(codes).size).toBe(100)
  })

  it.each([
    'CODE',
    ' CODE\n',
    'https://gw.example/invite/CODE',
    'http://127.0.0.1:8787/invite/CODE/',
    'https://gw.example/under/a/path/invite/CODE',
  ])('are found in an invite written as %s', (text) => {
    const code = mintCode(random)
    expect(parseInvite(text.replace('CODE', code))).toBe(code)
  })

  it.each([
    '',
    'short',
    'https://gw.example/invite/',
    `https://gw.example/other/${'a'.repeat(43)}`,
    'a'.repeat(5_000),
  ])('are not found in %s', (text) => {
    expect(parseInvite(text)).toBeUndefined()
  })
})

describe('user codes', () => {
  it('[T15] are eight letters that spell nothing, each as likely as the others', () => {
    const seen = new Set<string>()
    for (let count = 0; count < 500; count += 1) {
      const code = mintUserCode(random)
      expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/)
      for (const letter of code) seen.add(letter)
    }
    expect(seen.size).toBe(20)
    const bytes = [255, 240, 239, 0, 1, 2, 3, 4, 5, 6]
    expect(mintUserCode({ bytes: () => Uint8Array.from(bytes) })).toBe('ZBCDFGHJ')
  })

  it('are read in whatever way they are typed', () => {
    expect(formatUserCode('BCDFGHJK')).toBe('BCDF-GHJK')
    for (const typed of ['BCDF-GHJK', 'bcdfghjk', ' bcdf ghjk ', 'b-c-d-f-g-h-j-k'])
      expect(parseUserCode(typed)).toBe('BCDFGHJK')
  })

  it.each(['', 'BCDF-GHJ', 'BCDF-GHJKL', 'ABCD-EFGH', 'BCDF-GH1K', 'ＢCDFGHJK'])('are never %s', (typed) => {
    expect(parseUserCode(typed)).toBeUndefined()
  })
})

describe('a PKCE verifier', () => {
  // The example of RFC 7636, appendix B.
  const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

  it('is accepted for its own challenge', () => {
    expect(isVerifierOf(CHALLENGE, VERIFIER)).toBe(true)
  })

  it.each([
    ['another one', `${VERIFIER.slice(0, -1)}X`],
    ['the challenge itself', CHALLENGE],
    ['one that is too short', 'a'.repeat(42)],
    ['one that is too long', 'a'.repeat(129)],
    ['nothing', ''],
  ])('is refused when it is %s', (_what, verifier) => {
    expect(isVerifierOf(CHALLENGE, verifier)).toBe(false)
    expect(isVerifierOf('', verifier)).toBe(false)
  })
})
