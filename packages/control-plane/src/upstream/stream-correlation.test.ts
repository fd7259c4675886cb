import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import { NO_LIMITS } from '../protocol/json.ts'
import type { RequestSink, UnsolicitedSink } from './channel.ts'
import { StreamCorrelation } from './stream-correlation.ts'

/** What each request of a stream and the server's own voice were told, in short. */
function setUp() {
  const heard: string[] = []
  const listener = (name: string): RequestSink & UnsolicitedSink => ({
    notification: ({ method }) => void heard.push(`${name} hears ${method}`),
    request: ({ id, method }) => void heard.push(`${name} is asked ${method} as ${id}`),
    reply: ({ id }) => void heard.push(`${name} gets reply ${id}`),
    failure: ({ kind }) => void heard.push(`${name} fails ${kind}`),
    closed: () => void heard.push(`${name} is closed`),
  })
  const stream = new StreamCorrelation(listener('nobody'), NO_LIMITS)
  return {
    stream,
    heard,
    open: (id: number, owner: string) =>
      stream.opened({ id, method: 'tools/call', body: '', owner }, listener(`${owner || 'gateway'}#${id}`)),
    receive: (message: object) => stream.receive(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))),
  }
}

const progress = (progressToken: unknown) => ({ method: 'notifications/progress', params: { progressToken } })
const log = { method: 'notifications/message', params: { level: 'info', data: 'x' } }
const question = (id: string) => ({ id, method: 'elicitation/create', params: {} })
const withdrawal = (requestId: unknown) => ({ method: 'notifications/cancelled', params: { requestId } })

describe('on a stream that several members share', () => {
  it('each reply goes to whoever asked, once', () => {
    const { open, receive, heard } = setUp()
    open(1, 'ada')
    open(2, 'bob')
    receive({ id: 2, result: {} })
    receive({ id: 2, result: {} })
    receive({ id: 1, error: { code: 1, message: 'no' } })
    receive({ id: 77, result: {} })
    expect(heard).toEqual(['bob#2 gets reply 2', 'ada#1 gets reply 1'])
  })

  it('progress goes to the request whose token it carries', () => {
    const { open, receive, heard } = setUp()
    open(1, 'ada')
    open(2, 'bob')
    for (const token of [2, '1', undefined, 77]) receive(progress(token))
    expect(heard).toEqual(['bob#2 hears notifications/progress'])
  })

  it('what could be for two members is told to neither', () => {
    const { open, receive, heard } = setUp()
    open(1, 'ada')
    open(2, 'bob')
    receive(log)
    receive(question('q'))
    expect(heard).toEqual(['nobody is asked elicitation/create as q'])
  })

  it('what can only be for one member is told on their newest request', () => {
    const { open, receive, heard } = setUp()
    open(1, 'ada')
    open(2, 'ada')
    open(3, '')
    receive(log)
    receive(question('q'))
    expect(heard).toEqual(['ada#2 hears notifications/message', 'ada#2 is asked elicitation/create as q'])
  })

  it('a member’s request that was given up hears nothing more', () => {
    const { stream, open, receive, heard } = setUp()
    open(1, 'ada')
    open(2, 'bob')
    stream.givenUp(1)
    receive({ id: 1, result: {} })
    receive(progress(1))
    receive(log)
    expect(heard).toEqual(['bob#2 hears notifications/message'])
  })

  it('a question taken back is told to whoever was asked, and to nobody else', () => {
    const { open, receive, heard } = setUp()
    open(1, 'ada')
    receive(question('q'))
    open(2, 'bob')
    for (const id of ['q', 'q', 'other', undefined, null, {}]) receive(withdrawal(id))
    expect(heard.slice(1)).toEqual(['ada#1 hears notifications/cancelled'])
  })

  it('what concerns the server as a whole is nobody’s call', () => {
    const { open, receive, heard } = setUp()
    open(1, 'ada')
    receive({ method: 'notifications/tools/list_changed' })
    receive({ method: 'notifications/resources/updated', params: { uri: 'x' } })
    expect(heard).toEqual([
      'nobody hears notifications/tools/list_changed',
      'nobody hears notifications/resources/updated',
    ])
  })

  it('the end of the stream fails everything in flight, once', () => {
    const { stream, open, heard } = setUp()
    open(1, 'ada')
    open(2, 'bob')
    const error = new GatewayError('upstream_unavailable', 'gone')
    stream.broken(error)
    stream.broken(error)
    expect(heard).toEqual(['ada#1 fails broken', 'bob#2 fails broken'])
  })

  it('a reply that cannot be read fails its own request at once, and no other', () => {
    const { stream, open, heard } = setUp()
    open(1, 'ada')
    open(2, 'bob')
    stream.receive(Buffer.from('{"id":2,"jsonrpc":"2.0","result":{"a":[}}'))
    expect(heard).toEqual(['bob#2 fails broken'])
    const again = () => stream.receive(Buffer.from('{"id":2,"jsonrpc":"2.0","result":{"a":[}}'))
    expect(again).toThrow(expect.objectContaining({ code: 'upstream_invalid' }))
    stream.receive(Buffer.from('{"result":{"a":[},"id":1,"jsonrpc":"2.0"}\r'))
    expect(heard.slice(1)).toEqual(['ada#1 fails broken'])
  })

  it('what cannot be read and need not be a reply fails nothing', () => {
    const { stream, open, heard } = setUp()
    open(1, 'ada')
    for (const bad of [
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":[}',
      '{"jsonrpc":"2.0","method":"notifications/x","params":{"id":1,"result":[}',
      '{"params":{"a":[},"id":1}',
      '[{"jsonrpc":"2.0","id":1,"result":[}]',
    ])
      expect(() => stream.receive(Buffer.from(bad))).toThrow()
    expect(heard).toEqual([])
  })

  it('what is no message is refused and disturbs no one', () => {
    const { stream, open, receive, heard } = setUp()
    open(1, 'ada')
    for (const bad of ['', 'x', '{"id":1}', '[{}]'])
      expect(() => stream.receive(Buffer.from(bad))).toThrow(
        expect.objectContaining({ code: 'upstream_invalid' }),
      )
    receive({ id: 1, result: {} })
    expect(heard).toEqual(['ada#1 gets reply 1'])
  })
})
