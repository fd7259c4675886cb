import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS, parseJson } from './json.ts'
import { errorBytes, idKey, type Message, type RequestId, readMessage, resultBytes } from './message.ts'
import { RPC, RpcError } from './rpc-error.ts'

const read = (text: string) => readMessage(parseJson(text, NO_LIMITS))

describe('a JSON-RPC message', () => {
  it.each([
    ['request', '{"jsonrpc":"2.0","id":1,"method":"ping"}'],
    ['request', '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","_meta":{"k":1}}}'],
    ['request', '{"jsonrpc":"2.0","id":0,"method":"ping","result":{}}'],
    ['notification', '{"jsonrpc":"2.0","method":"notifications/initialized"}'],
    ['response', '{"jsonrpc":"2.0","id":"q","result":{}}'],
    ['response', '{"jsonrpc":"2.0","id":9007199254740993,"error":{"code":-1,"message":"no"}}'],
  ])('is told to be a %s: %s', (kind, text) => {
    expect(read(text).kind).toBe(kind)
  })

  it('arrives with members nobody knows, in every place that may have them', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"n":1e400,"__proto__":1},"_meta":{"a/b":[null]},"new":9007199254740993}}'
    const { message } = read(text) as Extract<Message, { kind: 'request' }>
    const sent = parseJson(text, NO_LIMITS) as { params: object }
    expect(message).toEqual(sent)
    for (const [name, value] of Object.entries(sent.params))
      expect(JSON.stringify(message.params?.[name])).toBe(JSON.stringify(value))
  })

  it.each([
    ['"jsonrpc"', '{"id":1,"method":"ping"}'],
    ['"jsonrpc"', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ['"id": must be a text or a number', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['"id": must be a text or a number', '{"jsonrpc":"2.0","id":{"rawJSON":"1"},"method":"ping"}'],
    ['"method"', '{"jsonrpc":"2.0","id":1,"method":7}'],
    ['"method"', '{"jsonrpc":"2.0","id":1,"method":""}'],
    ['"params"', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}'],
    ['"params._meta"', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":1}}'],
    ['"result"', '{"jsonrpc":"2.0","id":1,"result":5}'],
    ['"error.message"', '{"jsonrpc":"2.0","id":1,"error":{"code":1}}'],
    ['neither "method"', '{"jsonrpc":"2.0","id":1}'],
    ['neither "method"', '{"jsonrpc":"2.0","result":{}}'],
    ['Not a JSON-RPC message', '7'],
    ['Not a JSON-RPC message', 'null'],
    ['Not a JSON-RPC message', '[]'],
  ])('that is none is refused by naming %s: %s', (named, text) => {
    const refusal = thrownBy(() => read(text))
    expect(refusal).toBeInstanceOf(RpcError)
    expect(refusal).toMatchObject({ code: RPC.invalidRequest, message: expect.stringContaining(named) })
  })
})

it('tells ids apart by kind and exact value', () => {
  const ids = [
    '1',
    '01',
    1,
    '1.5',
    1.5,
    'n1',
    's1',
    '9007199254740993',
    '9007199254740992',
    '9007199254740994',
  ]
  const exact = ['9007199254740993', '9007199254740995'].map(
    (text) => parseJson(text, NO_LIMITS) as RequestId,
  )
  const all: RequestId[] = [...ids, ...exact, 9007199254740992]
  expect(new Set(all.map(idKey)).size).toBe(all.length)
})

it('writes a response around a result under exactly the id that was asked with', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer()), fc.jsonValue(), (id, value) => {
      const json = JSON.stringify({ value })
      const expected = { jsonrpc: '2.0', id, result: JSON.parse(json) }
      expect(JSON.parse(resultBytes(id, json).toString())).toEqual(expected)
      expect(resultBytes(id, Buffer.from(json))).toEqual(resultBytes(id, json))
    }),
  )
  expect(resultBytes(parseJson('9007199254740993', NO_LIMITS) as RequestId, '{}').toString()).toBe(
    '{"jsonrpc":"2.0","id":9007199254740993,"result":{}}',
  )
})

it('writes an error with its data, and null where no id is known', () => {
  const error = { code: -32_600, message: 'no "id"', data: { fix: 'ä' } }
  expect(JSON.parse(errorBytes(null, error).toString())).toEqual({ jsonrpc: '2.0', id: null, error })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
