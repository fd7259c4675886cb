import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import { EXAMPLE_KEYS, parseMasterKey } from './master-key.ts'

function refusalOf(text: string): GatewayError {
  try {
    parseMasterKey(text)
  } catch (error) {
    if (error instanceof GatewayError) return error
  }
  throw new Error(`accepted ${text}`)
}

describe('the master key', () => {
  it('is base64 of 32 random bytes, with or without padding and line end', () => {
    for (let count = 0; count < 500; count += 1) {
      const key = randomBytes(32)
      const text = key.toString('base64')
      expect(Buffer.from(parseMasterKey(text))).toEqual(key)
      expect(Buffer.from(parseMasterKey(`${text.replace('=', '')}\n`))).toEqual(key)
    }
  })

  const refused: [string, string, string][] = [
    ['nothing', '', 'The master key is empty.'],
    ['31 bytes', randomBytes(31).toString('base64'), 'The master key has 31 bytes instead of 32.'],
    ['33 bytes', randomBytes(33).toString('base64'), 'The master key has 33 bytes instead of 32.'],
    ['hexadecimal', randomBytes(32).toString('hex'), 'The master key is hexadecimal, not base64.'],
    ['a word', 'correct horse battery staple', 'The master key is not base64.'],
    ['a typing error', `${'A'.repeat(42)}B=`, 'The master key is not base64.'],
    ['zeros', Buffer.alloc(32).toString('base64'), 'The master key is not random.'],
    ['one byte repeated', Buffer.alloc(32, 0xab).toString('base64'), 'The master key is not random.'],
    [
      'a repeated word',
      Buffer.from('changemechangemechangemechangeme').toString('base64'),
      'The master key is not random.',
    ],
    [
      'a sentence',
      Buffer.from('this is my very secret password!').toString('base64'),
      'The master key is not random.',
    ],
    [
      'counted bytes',
      Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64'),
      'The master key is not random.',
    ],
  ]
  for (const [what, text, message] of refused) {
    it(`is not ${what}`, () => {
      const refusal = refusalOf(text)
      expect(refusal).toMatchObject({ code: 'configuration', message })
      expect(refusal.fix).toContain('openssl rand -base64 32')
    })
  }

  it('is not the one printed in the documentation', () => {
    for (const example of EXAMPLE_KEYS) {
      expect(Buffer.from(example, 'base64')).toHaveLength(32)
      expect(refusalOf(example).message).toContain('example from the documentation')
      expect(refusalOf(example.replace('=', '')).message).toContain('example from the documentation')
    }
  })

  it('is never repeated in the refusal', () => {
    const text = randomBytes(31).toString('base64')
    expect(JSON.stringify(refusalOf(text)) + String(refusalOf(text).stack)).not.toContain(text)
  })
})
