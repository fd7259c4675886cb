import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS, parseJson } from './json.ts'
import type { RpcRequest } from './message.ts'
import { META } from './modern-envelope.ts'
import {
  checkParamHeaders,
  checkRevisionHeader,
  checkStandardHeaders,
  paramHeaders,
  paramHeadersOf,
  standardHeaders,
} from './modern-headers.ts'
import { MODERN_REVISION } from './revisions.ts'
import { RPC } from './rpc-error.ts'

const request = (method: string, params?: RpcRequest['params']): RpcRequest => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params,
})
const readerOf = (headers: Record<string, string>) => (name: string) => headers[name.toLowerCase()]
const mismatch = expect.objectContaining({ code: RPC.headerMismatch })
/** What Node lets into a header, and what a proxy leaves as it is. */
const SAFE_VALUE = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' x',
    'x ',
    'a\r\nEvil: 1',
    '=?base64?eA==?=',
    '=?base64??=',
    '=?BASE64?eA==?=',
    'tool ä',
    '\t',
  ),
)

describe('the headers that mirror a request', () => {
  it('name the revision, the method, and the tool, prompt or resource', () => {
    const base = { 'mcp-protocol-version': MODERN_REVISION }
    expect(standardHeaders(request('tools/call', { name: 'x' }))).toEqual({
      ...base,
      'mcp-method': 'tools/call',
      'mcp-name': 'x',
    })
    expect(standardHeaders(request('prompts/get', { name: 'p' }))['mcp-name']).toBe('p')
    expect(standardHeaders(request('resources/read', { uri: 'file:///a', name: 'n' }))['mcp-name']).toBe(
      'file:///a',
    )
    expect(standardHeaders(request('tools/list'))).toEqual({ ...base, 'mcp-method': 'tools/list' })
  })

  it('hold any name safely, and are read again as the same', () => {
    fc.assert(
      fc.property(
        anyText.filter((text) => text.isWellFormed()),
        (name) => {
          const call = request('tools/call', { name })
          const headers = standardHeaders(call)
          expect(headers['mcp-name']).toMatch(SAFE_VALUE)
          expect(() => checkStandardHeaders(call, readerOf(headers))).not.toThrow()
        },
      ),
    )
  })

  it('leave ordinary names readable and wrap names that look wrapped', () => {
    const nameIn = (name: string) => standardHeaders(request('tools/call', { name }))['mcp-name']
    expect(nameIn('search files, v2')).toBe('search files, v2')
    expect(nameIn('=?base64?eA==?=')).toBe('=?base64?PT9iYXNlNjQ/ZUE9PT89?=')
    expect(nameIn('ä')).toBe('=?base64?w6Q=?=')
  })

  it.each([
    ['the method is missing', { 'mcp-name': 'x' }],
    ['the method is another', { 'mcp-method': 'tools/list', 'mcp-name': 'x' }],
    ['the method differs in case', { 'mcp-method': 'Tools/Call', 'mcp-name': 'x' }],
    ['the name is missing', { 'mcp-method': 'tools/call' }],
    ['the name is another', { 'mcp-method': 'tools/call', 'mcp-name': 'y' }],
    ['the name comes twice', { 'mcp-method': 'tools/call', 'mcp-name': 'x, x' }],
    [
      'the name is wrapped with too little padding',
      { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?eA?=' },
    ],
    ['the name is wrapped with bits to spare', { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?eB==?=' }],
    [
      'the name is wrapped with a space inside',
      { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?eA= =?=' },
    ],
    [
      'the name is wrapped in another alphabet',
      { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?_-==?=' },
    ],
  ])('are refused when %s', (_, headers: Record<string, string>) => {
    const call = request('tools/call', { name: 'x' })
    expect(thrownBy(() => checkStandardHeaders(call, readerOf(headers)))).toEqual(mismatch)
  })

  it('may be wrapped without need', () => {
    const headers = { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?eA==?=' }
    expect(() => checkStandardHeaders(request('tools/call', { name: 'x' }), readerOf(headers))).not.toThrow()
  })

  it('must name the revision that the body names', () => {
    const modern = request('ping', { _meta: { [META.protocolVersion]: MODERN_REVISION } })
    const header = (value?: string) => readerOf(value === undefined ? {} : { 'mcp-protocol-version': value })
    expect(() => checkRevisionHeader(modern, header(MODERN_REVISION))).not.toThrow()
    expect(thrownBy(() => checkRevisionHeader(modern, header('2025-06-18')))).toEqual(mismatch)
    expect(thrownBy(() => checkRevisionHeader(modern, header()))).toEqual(mismatch)
    expect(() => checkRevisionHeader(request('ping'), header('2025-06-18'))).not.toThrow()
  })
})

describe('x-mcp-header', () => {
  const annotated = (name: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': name })
  const schema = {
    type: 'object',
    properties: {
      region: annotated('Region'),
      count: annotated('Count', 'integer'),
      dry: annotated('Dry-Run', 'boolean'),
      place: { type: 'object', properties: { city: annotated('City') } },
    },
  }
  const declared = paramHeadersOf(schema)

  it('is found where it can be reached through properties', () => {
    expect(declared).toEqual([
      { header: 'mcp-param-region', path: ['region'] },
      { header: 'mcp-param-count', path: ['count'] },
      { header: 'mcp-param-dry-run', path: ['dry'] },
      { header: 'mcp-param-city', path: ['place', 'city'] },
    ])
  })

  it.each([
    ['a name with a line end', { properties: { a: annotated('A\r\nEvil: 1') } }],
    ['a name with a space', { properties: { a: annotated('A B') } }],
    ['an empty name', { properties: { a: annotated('') } }],
    ['a name that is no text', { properties: { a: annotated(5) } }],
    ['a very long name', { properties: { a: annotated('x'.repeat(65)) } }],
    ['a number', { properties: { a: annotated('A', 'number') } }],
    ['an object', { properties: { a: annotated('A', 'object') } }],
    ['a choice of types', { properties: { a: annotated('A', ['string', 'null']) } }],
    ['items of a list', { properties: { a: { type: 'array', items: annotated('A') } } }],
    ['one of several schemas', { anyOf: [{ properties: { a: annotated('A') } }] }],
    ['a schema that is none', 'x-mcp-header'],
    ['properties that are a list', { properties: [annotated('A')] }],
  ])('does not count on %s', (_, inputSchema) => expect(paramHeadersOf(inputSchema)).toEqual([]))

  it('is not searched for without end', () => {
    let deep: Record<string, unknown> = annotated('A')
    for (let depth = 0; depth < 5_000; depth++) deep = { properties: { a: deep } }
    expect(paramHeadersOf(deep)).toEqual([])
  })

  it('mirrors arguments that are there, and no absent or null ones', () => {
    const args = { region: 'eu west', count: 42, dry: false, place: { city: 'Zürich' } }
    expect(paramHeaders(declared, args)).toEqual({
      'mcp-param-region': 'eu west',
      'mcp-param-count': '42',
      'mcp-param-dry-run': 'false',
      'mcp-param-city': '=?base64?WsO8cmljaA==?=',
    })
    expect(paramHeaders(declared, { region: null, place: 5 })).toEqual({})
    expect(paramHeaders(declared, undefined)).toEqual({})
    expect(paramHeaders([{ header: 'mcp-param-a', path: ['constructor', 'name'] }], {})).toEqual({})
  })

  it('mirrors large integers to the last digit', () => {
    const args = parseJson('{"count":9007199254740993}', NO_LIMITS)
    const headers = paramHeaders(declared, args)
    expect(headers).toEqual({ 'mcp-param-count': '9007199254740993' })
    expect(() => checkParamHeaders(declared, args, readerOf(headers))).not.toThrow()
    const rounded = { 'mcp-param-count': '9007199254740992' }
    expect(thrownBy(() => checkParamHeaders(declared, args, readerOf(rounded)))).toEqual(mismatch)
  })

  it('is checked to be what it was made from, for any arguments', () => {
    const value = fc.oneof(
      anyText.filter((text) => text.isWellFormed()),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    )
    const args = fc.record({ region: value, count: value, dry: value }, { requiredKeys: [] })
    fc.assert(
      fc.property(args, args, (one, other) => {
        const headers = paramHeaders(declared, one)
        for (const text of Object.values(headers)) expect(text).toMatch(SAFE_VALUE)
        const thrown = thrownBy(() => checkParamHeaders(declared, other, readerOf(headers)))
        const mirrored = JSON.stringify(paramHeaders(declared, other)) === JSON.stringify(headers)
        if (mirrored) expect(thrown).toBeUndefined()
      }),
    )
  })

  it.each([
    ['missing', {}],
    ['another', { 'mcp-param-region': 'us' }],
    ['there without an argument', { 'mcp-param-region': 'eu', 'mcp-param-count': '1' }],
  ])('is refused when it is %s', (_, headers: Record<string, string>) => {
    const thrown = thrownBy(() => checkParamHeaders(declared, { region: 'eu' }, readerOf(headers)))
    expect(thrown).toEqual(mismatch)
  })

  it('compares numbers as numbers, and texts as texts', () => {
    const check = (args: unknown, headers: Record<string, string>) =>
      thrownBy(() => checkParamHeaders(declared, args, readerOf(headers)))
    expect(check({ count: 42 }, { 'mcp-param-count': '42.0' })).toBeUndefined()
    expect(check({ count: 0 }, { 'mcp-param-count': '' })).toEqual(mismatch)
    expect(check({ region: '42' }, { 'mcp-param-region': '42.0' })).toEqual(mismatch)
  })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
