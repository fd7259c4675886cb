import { expect, it } from 'vitest'
import { isRepeatable, readClientMessage } from './client-message.ts'
import { readServerMessage } from './server-message.ts'

const request = (method: string, params = {}) =>
  readClientMessage(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))

it('tells requests, notifications and responses apart', () => {
  const kindOf = (line: string) => readClientMessage(line)?.kind
  expect(kindOf('{"jsonrpc":"2.0","id":"a","method":"ping"}')).toBe('request')
  expect(kindOf('{"jsonrpc":"2.0","method":"notifications/initialized"}')).toBe('notification')
  expect(kindOf('{"jsonrpc":"2.0","id":0,"result":{}}')).toBe('response')
  for (const line of ['', 'x', '1', 'null', '[]', '{}', '{"id":1}']) expect(kindOf(line)).toBeUndefined()
})

it('waits for every request of a batch', () => {
  const line = '[{"id":1,"method":"ping"},{"method":"n"},{"id":"b","method":"ping"},{"id":9,"result":{}}]'
  expect(readClientMessage(line)).toMatchObject({ kind: 'request', ids: [1, 'b'], text: line })
})

it('sees the era of each message by itself', () => {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  expect(request('tools/list', { _meta })?.modernVersion).toBe('2026-07-28')
  expect(request('tools/list')?.modernVersion).toBeUndefined()
})

it.each([
  ['tools/list', {}, true],
  ['initialize', {}, true],
  ['tools/call', { name: 'pay' }, false],
  ['prompts/get', { requestState: 'once' }, false],
  ['vendor/anything', {}, false],
])('knows whether %s with %j may be repeated', (method, params, may) => {
  const message = request(method, params)
  expect(message !== undefined && isRepeatable(message)).toBe(may)
})

it('lets nothing but JSON-RPC messages through to the client', () => {
  for (const text of ['', 'x', '{}', '"a"', '{"jsonrpc":"1.0"}'])
    expect(readServerMessage(text)).toBeUndefined()
  expect(readServerMessage('{"jsonrpc":"2.0","id":1,\n "result":{}}')).toMatchObject({ answers: [1] })
})
