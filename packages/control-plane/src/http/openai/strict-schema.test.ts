import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { qualifiesForStrict } from './strict-schema.ts'

const object = (properties: Record<string, unknown>, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
})
const text = { type: 'string' }

describe('a function is strict', () => {
  it.each([
    ['with a text', object({ city: text })],
    [
      'with the name of its dialect',
      object({ city: text }, { $schema: 'http://json-schema.org/draft-07/schema#' }),
    ],
    ['with what may be null', object({ city: { type: ['string', 'null'] } })],
    ['with lists and objects inside', object({ stops: { type: 'array', items: object({ at: text }) } })],
    ['with choices below the root', object({ one: { anyOf: [text, { type: 'number' }] } })],
    [
      'with definitions',
      object({ tree: { $ref: '#/$defs/tree' } }, { $defs: { tree: object({ next: { $ref: '#' } }) } }),
    ],
    ['with an enum', object({ unit: { type: 'string', enum: ['C', 'F'] } })],
    [
      'with a pattern, a format and bounds',
      object({
        id: { type: 'string', pattern: '^a', format: 'uuid' },
        n: { type: 'integer', minimum: 1, maximum: 9 },
      }),
    ],
    ['without parameters', object({})],
  ])('%s', (_, schema) => expect(qualifiesForStrict(schema)).toBe(true))
})

describe('a function is not strict', () => {
  it.each([
    ['when more members are allowed', { type: 'object', properties: { city: text }, required: ['city'] }],
    ['when a member is optional', object({ city: text }, { required: [] })],
    [
      'when nobody says which members are required',
      { type: 'object', properties: {}, additionalProperties: false },
    ],
    ['when an object inside is open', object({ place: { type: 'object', properties: {} } })],
    ['when a member may be anything', object({ any: {} })],
    ['when its list may hold anything', object({ list: { type: 'array' } })],
    ['when its list may hold what has no type', object({ list: { type: 'array', items: {} } })],
    ['with a default', object({ city: { type: 'string', default: 'Oslo' } })],
    ['with a length', object({ city: { type: 'string', minLength: 1 } })],
    ['with allOf', object({ city: { allOf: [text] } })],
    ['with oneOf', object({ city: { oneOf: [text] } })],
    ['with a choice at its root', object({ city: text }, { anyOf: [] })],
    ['with a format of its own', object({ at: { type: 'string', format: 'iso-week' } })],
    ['with a keyword nobody knows', object({ region: { type: 'string', 'x-mcp-header': 'Region' } })],
    [
      'with a definition that is open',
      object({ tree: { $ref: '#/$defs/tree' } }, { $defs: { tree: { type: 'object' } } }),
    ],
    ['with a reference elsewhere', object({ tree: { $ref: 'https://example.com/tree' } })],
    ['with a reference to nothing', object({ tree: { $ref: '#/$defs/none' } })],
    ['with a type that is none', object({ city: { type: 'text' } })],
    [
      'when it is deeper than ten levels',
      Array.from({ length: 11 }).reduce((below) => object({ below }), text),
    ],
    [
      'with more than 1000 values to choose from',
      object({ n: { type: 'integer', enum: Array.from({ length: 1_001 }, (_, n) => n) } }),
    ],
    [
      'with more than 5000 members',
      object(Object.fromEntries(Array.from({ length: 5_001 }, (_, n) => [`p${n}`, text]))),
    ],
    [
      'with long lists of long values',
      object({
        s: { type: 'string', enum: Array.from({ length: 251 }, (_, n) => `${n}`.padStart(60, 'x')) },
      }),
    ],
  ])('%s', (_, schema) => expect(qualifiesForStrict(schema as Record<string, unknown>)).toBe(false))
})

it('gives an answer to anything that parses as JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (schema, more) => {
      const asked = object({ city: { type: 'string', ...schema } }, { $defs: more })
      expect(typeof qualifiesForStrict(asked as Record<string, unknown>)).toBe('boolean')
      expect(typeof qualifiesForStrict(schema)).toBe('boolean')
    }),
  )
})
