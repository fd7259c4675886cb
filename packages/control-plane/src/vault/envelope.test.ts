import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveKey, isSealedWith, openRecord, sealRecord } from './envelope.ts'

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const key = deriveKey(randomBytes(32), 'test')
const context = ['credential', 'workspace', 'server', '1']

function seal(plain: Uint8Array, where = context) {
  return sealRecord({ key, plain, context: where, random })
}

describe('a sealed record', () => {
  it('opens to what was sealed, whatever it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.string()), (plain, where) => {
        const opened = openRecord({ key, record: seal(plain, where), context: where })
        return opened !== undefined && Buffer.compare(opened, plain) === 0
      }),
    )
  })

  it('[V4] never looks the same twice', () => {
    const plain = Buffer.from('the same')
    const records = Array.from({ length: 1000 }, () => Buffer.from(seal(plain)).toString('hex'))
    expect(new Set(records).size).toBe(1000)
    expect(new Set(records.map((record) => record.slice(18, 42))).size).toBe(1000)
  })

  it('does not hold the plaintext', () => {
    const plain = Buffer.from('cnry_0123456789abcdefghijklmnopqrstuvwxyz')
    expect(Buffer.from(seal(plain)).includes(plain.subarray(0, 8))).toBe(false)
  })

  it('[V3] does not open with any bit changed', () => {
    const record = seal(randomBytes(60))
    for (let at = 0; at < record.length * 8; at += 1) {
      const changed = Uint8Array.from(record)
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
      expect(openRecord({ key, record: changed, context })).toBeUndefined()
    }
  })

  it('[V3] does not open when cut or extended', () => {
    const record = seal(randomBytes(60))
    for (let length = 0; length < record.length; length += 1) {
      expect(openRecord({ key, record: record.subarray(0, length), context })).toBeUndefined()
      expect(openRecord({ key, record: record.subarray(record.length - length), context })).toBeUndefined()
    }
    expect(openRecord({ key, record: Buffer.concat([record, Buffer.of(0)]), context })).toBeUndefined()
  })

  it('[V3] does not open with a tag cut to a length that could be guessed', () => {
    for (const tagLength of [4, 8, 12, 13, 14, 15]) {
      expect(openRecord({ key, record: withShortTag(tagLength), context })).toBeUndefined()
    }
  })

  /** The very record, genuine but for the length of its tag. */
  function withShortTag(tagLength: number): Uint8Array {
    const whole = seal(Buffer.from('0123456789abcdef'))
    return whole.subarray(0, whole.length - 16 + tagLength)
  }

  it('opens only in its own place', () => {
    const record = seal(Buffer.from('secret'))
    const elsewhere = [
      [],
      ['credential', 'workspace', 'server'],
      ['credential', 'workspace', 'server', '2'],
      ['credential', 'workspace', 'other', '1'],
      ['credential', 'other', 'server', '1'],
      ['sealer', 'workspace', 'server', '1'],
      ['credential', 'workspaceserver', '', '1'],
      ['credential', 'workspac', 'eserver', '1'],
      ['server', 'workspace', 'credential', '1'],
      [...context, ''],
    ]
    for (const where of elsewhere) expect(openRecord({ key, record, context: where })).toBeUndefined()
    expect(openRecord({ key, record, context })?.toString()).toBe('secret')
  })

  it('never mixes up two places, however they are cut into words', () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 3 }), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(words, words, (one, other) => {
        const opened = openRecord({ key, record: seal(Buffer.of(1), one), context: other })
        return (opened !== undefined) === (JSON.stringify(one) === JSON.stringify(other))
      }),
    )
  })

  it('does not open with another key, even under the same key id', () => {
    const record = seal(Buffer.from('secret'))
    const other = deriveKey(randomBytes(32), 'test')
    expect(openRecord({ key: other, record, context })).toBeUndefined()
    expect(openRecord({ key: { id: key.id, secret: other.secret }, record, context })).toBeUndefined()
  })

  it('opens when made by hand after the documented layout', () => {
    const nonce = randomBytes(12)
    const header = Buffer.concat([Buffer.of(1), key.id])
    const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: 16 })
    cipher.setAAD(Buffer.concat([Buffer.of(0, 0, 0, 9), header, Buffer.of(0, 0, 0, 1), Buffer.from('a')]))
    const body = Buffer.concat([cipher.update('hello'), cipher.final()])
    const record = Buffer.concat([header, nonce, body, cipher.getAuthTag()])
    expect(openRecord({ key, record, context: ['a'] })?.toString()).toBe('hello')
  })
})

describe('a derived key', () => {
  it('is the same for the same source and purpose, and another otherwise', () => {
    const source = randomBytes(32)
    const record = sealRecord({ key: deriveKey(source, 'a'), plain: Buffer.of(1), context: [], random })
    expect(isSealedWith(record, deriveKey(source, 'a'))).toBe(true)
    expect(openRecord({ key: deriveKey(source, 'a'), record, context: [] })).toEqual(Buffer.of(1))
    expect(isSealedWith(record, deriveKey(source, 'b'))).toBe(false)
    expect(isSealedWith(record, deriveKey(randomBytes(32), 'a'))).toBe(false)
  })
})
