import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addItem, addOther, type Draft, draftOf, firstDraft, readDraft } from './draft.ts'
import type { Field } from './field.ts'
import { sameJson } from './json.ts'
import { argumentsField } from './read-schema.ts'

/** The field of one member of a tool's arguments. */
function fieldOf(schema: unknown, more: Record<string, unknown> = {}): Field {
  const field = argumentsField({ type: 'object', properties: { it: schema }, ...more }).members[0]?.field
  if (field === undefined) throw new Error('the schema has a member')
  return field
}

function reads(field: Field, value: unknown): unknown {
  const draft = draftOf(field, value)
  return draft && readDraft(field, draft).sent?.value
}

function typed(text: string): Draft {
  return { kind: 'plain', text, given: true }
}

describe('the form for a schema', () => {
  it('has a field for each of the plain kinds', () => {
    const kind = (schema: unknown) => fieldOf(schema).kind
    expect(kind({ type: 'string' })).toBe('text')
    expect(kind({ type: 'integer' })).toBe('number')
    expect(kind({ type: 'boolean' })).toBe('boolean')
    expect(kind({ enum: ['a', 'b'] })).toBe('choice')
    expect(kind({ const: 1 })).toBe('constant')
    expect(kind({ type: 'array', items: { type: 'string' } })).toBe('list')
    expect(kind({ type: 'array', items: { enum: ['a', 'b'] } })).toBe('many')
    expect(kind({ type: 'object', properties: { a: {} } })).toBe('group')
    expect(kind({ properties: { a: {} } })).toBe('group')
  })

  it('leaves to JSON what it has no field for', () => {
    for (const schema of [
      {},
      true,
      null,
      'string',
      { type: 'object' },
      { type: 'array' },
      { type: 'array', prefixItems: [{ type: 'string' }], items: false },
      { type: 'widget' },
      { $ref: 'https://example.com/other.json' },
      { $ref: '#/$defs/missing' },
    ])
      expect(fieldOf(schema).kind).toBe('json')
  })

  it('takes "or null" as a property of the field, in every way it is written', () => {
    for (const schema of [
      { type: ['integer', 'null'] },
      { type: 'integer', nullable: true },
      { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null, title: 'Limit' },
      { oneOf: [{ type: 'null' }, { type: 'integer' }] },
    ])
      expect(fieldOf(schema)).toMatchObject({ kind: 'number', whole: true, nullable: true })
  })

  it('offers a choice for titled constants, and variants for kinds that differ', () => {
    const titled = { oneOf: [{ const: 'a', title: 'First' }, { const: 2 }] }
    expect(fieldOf(titled)).toMatchObject({
      kind: 'choice',
      options: [
        { label: 'First', value: 'a' },
        { label: '2', value: 2 },
      ],
    })
    expect(fieldOf({ type: ['string', 'number'] })).toMatchObject({
      kind: 'variants',
      variants: [{ label: 'Text' }, { label: 'Number' }],
    })
  })

  it('gives every variant what holds for all of them', () => {
    const field = fieldOf({
      type: 'object',
      properties: { id: { type: 'string' } },
      required: ['id'],
      oneOf: [
        {
          title: 'Circle',
          properties: { kind: { const: 'circle' }, radius: { type: 'number' } },
          required: ['radius'],
        },
        { title: 'Square', properties: { kind: { const: 'square' }, side: { type: 'number' } } },
      ],
    })
    const square = { id: 'x', kind: 'square', side: 3 }
    expect(reads(field, square)).toEqual(square)
    expect(draftOf(field, square)).toMatchObject({ chosen: 1 })
  })

  it('does not take requirements for variants', () => {
    const properties = { a: { type: 'string' }, b: { type: 'string' } }
    const field = argumentsField({
      type: 'object',
      properties,
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    })
    expect(field.members.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('follows references, escaped ones too, and lays the parts of allOf beside one another', () => {
    const $defs = {
      'a/b': { type: 'integer' },
      named: { type: 'object', properties: { name: { type: 'string' } } },
    }
    expect(fieldOf({ $ref: '#/$defs/a~1b', title: 'Mine' }, { $defs })).toMatchObject({
      kind: 'number',
      title: 'Mine',
    })
    const both = fieldOf(
      { allOf: [{ $ref: '#/$defs/named' }, { properties: { age: { type: 'integer' } } }] },
      { $defs },
    )
    expect(both).toMatchObject({ kind: 'group', members: [{ name: 'name' }, { name: 'age' }] })
    expect(fieldOf({ allOf: [{ type: 'string' }, { type: 'number' }] }).kind).toBe('json')
  })

  it('ends for a schema that contains itself', () => {
    const node = { type: 'object', properties: { left: { $ref: '#' }, right: { $ref: '#' } } }
    expect(size(argumentsField(node))).toBeLessThan(1000)
    const loop = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }
    expect(fieldOf({ $ref: '#/$defs/a' }, loop).kind).toBe('json')
  })

  it('stays small for a schema that unfolds to billions of fields', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, level) => [
        `l${level}`,
        {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 10 }, (_, index) => [`p${index}`, { $ref: `#/$defs/l${level + 1}` }]),
          ),
        },
      ]),
    )
    const startedAt = performance.now()
    expect(size(fieldOf({ $ref: '#/$defs/l0' }, { $defs }))).toBeLessThan(5000)
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  it('is there soon for a schema with many branches that contains itself', () => {
    const branches = Array.from({ length: 20_000 }, () => ({ type: 'string' }))
    const node = { properties: { a: { anyOf: branches }, b: { $ref: '#' }, c: { $ref: '#' } } }
    const startedAt = performance.now()
    argumentsField(node)
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  it('never fails, whatever a server calls a schema', () => {
    fc.assert(
      fc.property(hostileSchema, (schema) => {
        const field = argumentsField(schema)
        readDraft(field, firstDraft(field, true))
      }),
      { numRuns: 150 },
    )
  })
})

describe('what was typed', () => {
  it('begins with the presets of the schema and leaves out what is neither preset nor required', () => {
    const field = argumentsField({
      type: 'object',
      properties: {
        text: { type: 'string', default: 'hi' },
        maybe: { type: 'string' },
        inner: { type: 'object', properties: { depth: { type: 'integer', default: 2 } } },
      },
      required: ['inner'],
    })
    expect(readDraft(field, firstDraft(field, true)).sent?.value).toEqual({ text: 'hi', inner: { depth: 2 } })
  })

  it('starts without a preset that its own schema does not allow', () => {
    const field = argumentsField({ type: 'object', properties: { n: { type: 'integer', default: 'many' } } })
    expect(readDraft(field, firstDraft(field, true)).sent?.value).toEqual({})
  })

  it('names every mistake at its place', () => {
    const field = argumentsField({
      type: 'object',
      properties: {
        name: { type: 'string' },
        'a/b': { type: 'array', items: { type: 'integer' }, minItems: 2 },
        free: {},
      },
      required: ['name', 'a/b'],
    })
    const [, list] = field.members
    if (list?.field.kind !== 'list') throw new Error('it is a list')
    const empty = firstDraft(list.field, true)
    if (empty.kind !== 'list') throw new Error('it is a list')
    const one = addItem(list.field, empty)
    const draft = {
      ...first(field),
      members: [typed(''), { ...one, items: [{ id: 1, draft: typed('x') }] }, typed('{')],
    }
    draft.members[0] = { kind: 'plain', text: '', given: false }
    const { mistakes, sent } = readDraft(field, draft)
    expect(sent).toBeUndefined()
    expect([...mistakes.keys()]).toEqual(['/name', '/a~1b', '/a~1b/0', '/free'])
  })

  it('keeps an empty text apart from none', () => {
    const field = argumentsField({ type: 'object', properties: { it: { type: 'string' } }, required: ['it'] })
    expect(readDraft(field, { ...first(field), members: [typed('')] }).sent?.value).toEqual({ it: '' })
    expect(readDraft(field, first(field)).mistakes.get('/it')).toBe('Fill this in.')
  })

  it('refuses numbers that would not arrive as they were typed', () => {
    const mistake = (schema: object, text: string) => readDraft(fieldOf(schema), typed(text)).mistakes.get('')
    for (const text of ['', ' ', '1.5', '0x10', '1e999', 'NaN', '9007199254740993', '01'])
      expect(mistake({ type: 'integer' }, text)).toBeDefined()
    expect(mistake({ type: 'integer', minimum: 1, maximum: 3 }, '4')).toBe('At most 3.')
    expect(mistake({ type: 'number', exclusiveMinimum: 0 }, '0')).toBe('More than 0.')
    expect(mistake({ type: 'number' }, '-1.5e3')).toBeUndefined()
  })

  it('sends null where null is required to be said', () => {
    const field = argumentsField({
      type: 'object',
      properties: { it: { type: ['string', 'null'] } },
      required: ['it'],
    })
    expect(readDraft(field, first(field)).sent?.value).toEqual({ it: null })
  })

  it('takes values under names of their own, each name once', () => {
    const field = argumentsField({
      type: 'object',
      properties: { known: { type: 'string' } },
      additionalProperties: { type: 'integer' },
    })
    const twice = addOther(field, addOther(field, first(field)))
    const named = (...names: string[]) => ({
      ...twice,
      others: twice.others.map((other, index) => ({ ...other, name: names[index] ?? '', draft: typed('1') })),
    })
    expect(readDraft(field, named('a', 'b')).sent?.value).toEqual({ a: 1, b: 1 })
    expect(readDraft(field, named('a', 'a')).mistakes.size).toBe(1)
    expect(readDraft(field, named('known', 'a')).mistakes.size).toBe(1)
  })

  it('carries members with names that mean something to JavaScript', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"},"toString":{"type":"string"}}}',
    )
    const field = argumentsField(schema)
    expect(field.members).toHaveLength(3)
    expect(readDraft(field, first(field)).sent?.value).toEqual({})
    const value = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}')
    expect(JSON.stringify(reads(field, value))).toBe(JSON.stringify(value))
  })

  it('says when the form has no place for a value, instead of losing it', () => {
    const closed = argumentsField({
      type: 'object',
      properties: { a: { type: 'string' } },
      additionalProperties: false,
    })
    expect(draftOf(closed, { a: 'x', b: 1 })).toBeUndefined()
    expect(draftOf(closed, { a: 1 })).toBeUndefined()
    expect(draftOf(closed, [])).toBeUndefined()
    expect(draftOf(fieldOf({ type: 'array', items: { enum: ['a', 'b'] } }), ['b', 'a'])).toBeUndefined()
  })

  it('reads as the very value it was made from', () => {
    fc.assert(
      fc.property(schemaAndValue, ({ schema, value }) => {
        const field = fieldOf(schema)
        const draft = draftOf(field, value)
        if (draft === undefined) throw new Error(`no place for ${JSON.stringify(value)}`)
        const { sent, mistakes } = readDraft(field, draft)
        expect([...mistakes]).toEqual([])
        expect(sameJson(sent?.value, value)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('never becomes another value, whatever the schema', () => {
    fc.assert(
      fc.property(hostileSchema, fc.dictionary(fc.string(), fc.jsonValue()), (schema, value) => {
        const field = argumentsField(schema)
        const draft = draftOf(field, JSON.parse(JSON.stringify(value)))
        const reading = draft && readDraft(field, draft)
        return reading?.sent === undefined || sameJson(reading.sent.value, JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 150 },
    )
  })
})

function first(field: Field) {
  const draft = firstDraft(field, true)
  if (draft.kind !== 'group') throw new Error('arguments are a group')
  return { ...draft, members: [...draft.members] }
}

function size(field: Field): number {
  if (field.kind === 'group') return 1 + field.members.reduce((sum, member) => sum + size(member.field), 0)
  if (field.kind === 'list') return 1 + size(field.item)
  if (field.kind === 'variants')
    return 1 + field.variants.reduce((sum, variant) => sum + size(variant.field), 0)
  return 1
}

/** Words of JSON Schema with anything at all behind them. */
const hostileSchema = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.record(
      {
        type: fc.oneof(
          fc.constantFrom('string', 'integer', 'object', 'array', 'null', 'boolean'),
          fc.array(fc.constantFrom('string', 'null', 'object', 'number')),
          fc.jsonValue(),
        ),
        properties: fc.oneof(fc.dictionary(fc.string(), tie('schema')), fc.jsonValue()),
        items: fc.oneof(tie('schema'), fc.jsonValue()),
        enum: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
        const: fc.jsonValue(),
        oneOf: fc.oneof(fc.array(tie('schema')), fc.jsonValue()),
        anyOf: fc.oneof(fc.array(tie('schema')), fc.jsonValue()),
        allOf: fc.oneof(fc.array(tie('schema')), fc.jsonValue()),
        required: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        default: fc.jsonValue(),
        nullable: fc.jsonValue(),
        additionalProperties: fc.oneof(tie('schema'), fc.jsonValue()),
        $ref: fc.oneof(fc.constantFrom('#', '#/properties', '#/items', '#/%'), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
  ),
})).schema

interface SchemaAndValue {
  schema: Record<string, unknown>
  value: unknown
}

const name = fc.string({ minLength: 1, maxLength: 6 })

/** A schema together with a value that it allows. */
const schemaAndValue: fc.Arbitrary<SchemaAndValue> = fc.letrec<{ it: SchemaAndValue }>((tie) => ({
  it: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.string().map((value) => ({ schema: { type: 'string' }, value })),
    fc.maxSafeInteger().map((value) => ({ schema: { type: 'integer' }, value })),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => ({ schema: { type: 'number' }, value })),
    fc.boolean().map((value) => ({ schema: { type: 'boolean' }, value })),
    fc.jsonValue().map((value) => ({ schema: { const: value }, value })),
    fc.constant({ schema: { type: ['string', 'null'] }, value: null }),
    fc
      .tuple(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat())
      .map(([values, at]) => ({ schema: { enum: values }, value: values[at % values.length] })),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }).map((picked) => ({
      schema: { type: 'array', items: { enum: picked.map((_, index) => `o${index}`) } },
      value: picked.flatMap((chosen, index) => (chosen ? [`o${index}`] : [])),
    })),
    fc.jsonValue().map((value) => ({ schema: {}, value: JSON.parse(JSON.stringify(value)) })),
    tie('it').map(({ schema, value }) => ({ schema: { anyOf: [schema, { type: 'null' }] }, value })),
    tie('it').map(({ schema, value }) => ({ schema: { allOf: [schema] }, value })),
    fc.tuple(tie('it'), fc.nat(4)).map(([{ schema, value }, length]) => ({
      schema: { type: 'array', items: { type: 'object', properties: { x: schema } } },
      value: Array.from({ length }, () => ({ x: value })),
    })),
    fc
      .tuple(fc.dictionary(name, tie('it')), fc.dictionary(name, fc.integer()), fc.boolean())
      .map(([members, more, hasMore]) => ({
        schema: {
          type: 'object',
          properties: Object.fromEntries(Object.entries(members).map(([key, { schema }]) => [key, schema])),
          required: Object.keys(members),
          ...(hasMore && { additionalProperties: { type: 'integer' } }),
        },
        value: {
          ...(hasMore && more),
          ...Object.fromEntries(Object.entries(members).map(([key, { value }]) => [key, value])),
        },
      })),
  ),
})).it
