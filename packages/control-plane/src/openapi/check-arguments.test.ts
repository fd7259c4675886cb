import { describe, expect, it } from 'vitest'
import { parseJson } from '../protocol/json.ts'
import { mistakesIn } from './check-arguments.ts'

const schema = {
  type: 'object',
  properties: {
    count: { type: ['integer', 'null'] },
    size: { type: 'string', enum: ['S', 'M'] },
    list: {
      type: 'array',
      items: { type: 'object', required: ['a'], properties: { a: { type: 'number' } } },
    },
    node: { $ref: '#/$defs/Node' },
    free: { type: 'object', additionalProperties: { type: 'boolean' } },
  },
  required: ['count'],
  additionalProperties: false,
  $defs: {
    Node: {
      type: 'object',
      allOf: [{ required: ['name'] }],
      properties: { name: { type: 'string' }, next: { $ref: '#/$defs/Node' } },
    },
  },
}

it.each([
  [{}, ['"count" is required.']],
  [{ count: 1.5 }, ['"count" must be a whole number or null.']],
  [{ count: null, size: 'XL' }, ['"size" must be one of "S", "M".']],
  [
    { count: 1, list: [{ a: 1 }, { a: '1' }, {}] },
    ['"list.1.a" must be a number.', '"list.2.a" is required.'],
  ],
  [{ count: 1, node: { name: 'a', next: { name: 1 } } }, ['"node.next.name" must be text.']],
  [{ count: 1, node: { next: { name: 'b' } } }, ['"node.name" is required.']],
  [{ count: 1, free: { x: true, y: 'no' } }, ['"free.y" must be true or false.']],
  [{ count: 1, other: 1 }, ['"other" is unknown. It takes count, size, list, node, free.']],
  [{ count: 1, node: { name: 'a', more: 'is fine' } }, []],
])('says of %j: %j', (args, mistakes) => {
  expect(mistakesIn(args, schema)).toEqual(mistakes)
})

it('knows numbers that JavaScript cannot hold', () => {
  const args = parseJson('{"count": 12345678901234567890}', { maxDepth: 9, maxTokens: 99 })
  expect(mistakesIn(args as Record<string, unknown>, schema)).toEqual([])
})

it('names five mistakes at most: whoever made more reads no further', () => {
  const list = Array.from({ length: 100 }, () => ({ a: 'x' }))
  expect(mistakesIn({ count: 1, list }, schema)).toHaveLength(5)
})

describe('[M20] a schema that is made to take for ever', () => {
  it('by parts that double at each step is given up, and the API judges', () => {
    const parts = Array.from({ length: 60 }, (_, at) => [
      `P${at}`,
      { allOf: [{ $ref: `#/$defs/P${at + 1}` }, { $ref: `#/$defs/P${at + 1}` }] },
    ])
    const doubling = { properties: { x: { $ref: '#/$defs/P0' } }, $defs: Object.fromEntries(parts) }
    expect(mistakesIn({ x: { a: 1 } }, doubling)).toEqual([])
  })

  it('by a circle of references has an end', () => {
    const circle = {
      properties: { x: { $ref: '#/$defs/A' } },
      $defs: { A: { $ref: '#/$defs/A', allOf: [{ $ref: '#/$defs/A' }] } },
    }
    expect(mistakesIn({ x: 1 }, circle)).toEqual([])
  })

  it('by a pattern is not run', () => {
    const evil = { properties: { x: { type: 'string', pattern: '^(a+)+$' } } }
    expect(mistakesIn({ x: `${'a'.repeat(60)}!` }, evil)).toEqual([])
  })
})
