import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ApiOperation, ApiParameter } from './plan.ts'
import { UnusableArgument } from './unusable-argument.ts'
import { type WrittenRequest, writeRequest } from './write-request.ts'

const KEY = 'the key'

/** An operation with parameters in one place, between two parts of a path and with a key in its query. */
function operation(parameters: Partial<ApiParameter>[], more: Partial<ApiOperation> = {}): ApiOperation {
  const all = parameters.map(
    (each, at): ApiParameter => ({
      argument: `p${at}`,
      name: `p${at}`,
      in: 'query',
      required: false,
      style: 'form',
      explode: true,
      ...each,
    }),
  )
  const inPath = all.filter((each) => each.in === 'path').map(({ name }) => `{${name}}`)
  return {
    tool: { name: 'tool', inputSchema: { type: 'object' } },
    method: 'GET',
    path: `/before/${[...inPath, 'after'].join('/')}`,
    parameters: all,
    security: [[{ kind: 'apiKey', in: 'query', name: 'key', value: 'API_KEY' }]],
    ...more,
  }
}

function written(one: ApiOperation, args: Record<string, unknown>): WrittenRequest {
  return writeRequest(args, {
    operation: one,
    basePath: '/base',
    values: new Map([['API_KEY', KEY]]),
    boundary: 'boundary',
  })
}

/** The request as a server reads it, or undefined where the arguments were refused. */
function received(one: ApiOperation, args: Record<string, unknown>) {
  try {
    const { path, headers } = written(one, args)
    // What an HTTP server takes as a request line and headers.
    expect(path).toMatch(/^\/[!-~]*$/)
    for (const [name, value] of Object.entries(headers))
      expect(`${name}: ${value}`).toMatch(/^[!-~]+: [ -~]*$/)
    const url = new URL(path, 'http://api.example')
    expect(url.origin).toBe('http://api.example')
    const [before, query] = path.split('?')
    return {
      parts: before?.split('/') ?? [],
      raw: (query ?? '').split('&'),
      query: url.searchParams,
      headers,
    }
  } catch (error) {
    if (error instanceof UnusableArgument) return undefined
    throw error
  }
}

/** Text with whatever means something in a URL, a header or a cookie. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        'a',
        '/',
        '?',
        '#',
        '&',
        '=',
        '%',
        ';',
        ',',
        ' ',
        '+',
        '..',
        '\r\n',
        '\0',
        '\\',
        '@',
        ':',
        '|',
        '[',
        ']',
        '%2e',
        '%2F',
        'é',
        '💥',
        '\ud800',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
)
const texts = fc.array(text, { minLength: 1, maxLength: 4 })

it('puts one text into one part of the path, whatever it is, or refuses it', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      const found = received(
        operation([
          { in: 'path', style: 'simple' },
          { in: 'path', style: 'simple' },
        ]),
        { p0: one, p1: other },
      )
      if (found === undefined) {
        const isUnusable = (value: string) =>
          value === '' || !value.isWellFormed() || /(?:^|[/\\])\.\.?(?:[/\\]|$)|%/i.test(value)
        return void expect([one, other].some(isUnusable)).toBe(true)
      }
      const [, base, before, ...rest] = found.parts
      expect([base, before, ...rest.map(decodeURIComponent)]).toEqual(['base', 'before', one, other, 'after'])
    }),
    { numRuns: 500 },
  )
})

it('refuses every way to climb out of the path', () => {
  for (const value of [
    '..',
    '.',
    '../x',
    'x/..',
    'x/../y',
    '..\\x',
    '%2e%2e',
    '%2E%2e/x',
    '%252e%252e%252fx',
    '..%2fx',
    '.%2e',
  ])
    expect(received(operation([{ in: 'path', style: 'simple' }]), { p0: value })).toBeUndefined()
})

it.each<[ApiParameter['style'], boolean, string]>([
  ['form', true, ''],
  ['form', false, ','],
  ['spaceDelimited', false, '%20'],
  ['pipeDelimited', false, '%7C'],
])('puts lists into the query in the style %s, exploded: %s, and nothing else', (style, explode, between) => {
  fc.assert(
    fc.property(texts, (list) => {
      const found = received(operation([{ style, explode }]), { p0: list })
      const delimiter = decodeURIComponent(between || 'none')
      if (found === undefined) {
        const isUnusable = (value: string) => !value.isWellFormed() || value.includes(delimiter)
        return void expect(list.some(isUnusable)).toBe(true)
      }
      expect(found.query.getAll('key')).toEqual([KEY])
      expect(new Set(found.query.keys())).toEqual(new Set(['p0', 'key']))
      if (explode) return void expect(found.query.getAll('p0')).toEqual(list)
      const value = found.raw.find((each) => each.startsWith('p0='))?.slice(3) ?? ''
      expect(value.split(between).map(decodeURIComponent)).toEqual(list)
    }),
  )
})

it('puts objects into the query, deep or exploded, and never in the place of another parameter or of the key', () => {
  const members = fc.dictionary(fc.oneof(text, fc.constantFrom('key', 'p1', 'p0')), text, {
    minKeys: 1,
    maxKeys: 4,
  })
  fc.assert(
    fc.property(members, fc.boolean(), (object, isDeep) => {
      const one = operation([{ style: isDeep ? 'deepObject' : 'form' }, {}])
      const found = received(one, { p0: object, p1: 'mine' })
      if (found === undefined) {
        const words = Object.entries(object).flat()
        const isUnusable =
          !words.every((word) => word.isWellFormed()) ||
          Object.keys(object).some((name) => (isDeep ? /[[\]]/.test(name) : name === 'key' || name === 'p1'))
        return void expect(isUnusable).toBe(true)
      }
      const expected = Object.entries(object).map(([name, value]) => [isDeep ? `p0[${name}]` : name, value])
      expect([...found.query]).toEqual([...expected, ['p1', 'mine'], ['key', KEY]])
    }),
    { numRuns: 500 },
  )
})

it('puts a text into one header and one cookie, or refuses it', () => {
  const one = operation([
    { in: 'header', name: 'X-One', style: 'simple', explode: false },
    { in: 'cookie', name: 'two' },
    { in: 'cookie', name: 'three' },
  ])
  fc.assert(
    fc.property(text, text, (header, cookie) => {
      const found = received(one, { p0: header, p1: cookie, p2: 'mine' })
      if (found === undefined) {
        const isPlain = /^[ -~]*$/.test(header) && header.trim() === header
        return void expect(isPlain && cookie.isWellFormed()).toBe(false)
      }
      expect(Object.keys(found.headers)).toEqual(['x-one', 'cookie'])
      expect(found.headers['x-one']).toBe(header)
      const cookies = found.headers.cookie?.split('; ').map((each) => each.split('='))
      expect(cookies).toEqual([
        ['two', expect.anything()],
        ['three', 'mine'],
      ])
      expect(decodeURIComponent(cookies?.[0]?.[1] ?? '')).toBe(cookie)
    }),
    { numRuns: 500 },
  )
})

it('puts forms together whose fields are those given, as any reader of forms sees them', async () => {
  const fields = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fields, fc.constantFrom('form', 'multipart'), async (given, kind) => {
      const mediaType = kind === 'form' ? 'application/x-www-form-urlencoded' : 'multipart/form-data'
      const one = operation([], {
        method: 'POST',
        body: { argument: 'body', required: true, kind: kind as 'form', mediaType },
      })
      const object = Object.fromEntries(
        given.filter((words) => words.every((word) => word.isWellFormed() && !word.includes('__proto__'))),
      )
      const { body = '', headers } = written(one, { body: object })
      if (Object.keys(object).length === 0) return
      const form = await new Response(body, {
        headers: { 'content-type': headers['content-type'] ?? '' },
      }).formData()
      // A reader of multipart forms takes every line end in a name for two characters, as browsers send it.
      const lineEnds = (name: string) => (kind === 'form' ? name : name.replaceAll(/\r\n|\r|\n/g, '\n'))
      expect([...form].map(([name, value]) => [lineEnds(name), value])).toEqual(
        Object.entries(object).map(([name, value]) => [lineEnds(name), value]),
      )
    }),
    { numRuns: 300 },
  )
})

it('takes the first way to prove who calls for which there is a credential, and names what is missing', () => {
  const ways = operation([], {
    security: [
      [{ kind: 'basic', username: 'USERNAME', password: 'PASSWORD' }],
      [
        { kind: 'bearer', value: 'TOKEN' },
        { kind: 'apiKey', in: 'cookie', name: 'session', value: 'SESSION' },
      ],
    ],
  })
  const headersWith = (values: Record<string, string>) =>
    writeRequest(
      {},
      { operation: ways, basePath: '/', values: new Map(Object.entries(values)), boundary: 'b' },
    ).headers
  expect(headersWith({ USERNAME: 'ü', PASSWORD: 'a:b' })).toEqual({
    authorization: `Basic ${btoa('\u00c3\u00bc:a:b')}`,
  })
  expect(headersWith({ TOKEN: 't', SESSION: 's' })).toEqual({
    authorization: 'Bearer t',
    cookie: 'session=s',
  })
  expect(() => headersWith({ TOKEN: 't' })).toThrow('no value named USERNAME, PASSWORD')
  expect(() => headersWith({ TOKEN: 't\r\nX: y', SESSION: 's' })).toThrow(
    'the header "authorization" cannot carry',
  )
  expect(() => headersWith({ TOKEN: 't', SESSION: 's; other=1' })).toThrow('a cookie cannot carry')
})

it('sends a default where something required is left out, and nothing where null stands for that', () => {
  const inputSchema = {
    type: 'object',
    properties: { p0: { type: 'string', default: 'v1' }, p1: { type: 'integer' } },
  }
  const one = operation([{ required: true }, {}], { tool: { name: 'tool', inputSchema } })
  expect(received(one, { p1: null })?.raw).toEqual(['p0=v1', 'key=the%20key'])
  expect(received(one, { p0: 'v2', p1: 3 })?.raw).toEqual(['p0=v2', 'p1=3', 'key=the%20key'])
})
