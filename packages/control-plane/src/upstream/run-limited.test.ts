import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Server } from '../model/server.ts'
import { NO_LIMITS } from '../protocol/json.ts'
import type { RpcNotification, RpcRequest } from '../protocol/message.ts'
import type { Reply } from '../protocol/reply-bytes.ts'
import type { PeerListener } from './peer.ts'
import { runLimited } from './run-limited.ts'

const server: Server = {
  id: 's',
  workspaceId: 'w',
  name: 'slow',
  target: { kind: 'remote', url: 'https://x.example/mcp', transport: 'auto', headers: {} },
  enabled: true,
  prefix: 'always',
  tools: {},
  isolation: 'shared',
  timeoutMs: 10_000,
  createdAt: 0,
  updatedAt: 0,
}
const reply: Reply = {
  bytes: Buffer.alloc(0),
  id: 1,
  idStart: 0,
  idEnd: 0,
  bodyStart: 0,
  isError: false,
  limits: NO_LIMITS,
}
const progress: RpcNotification = { jsonrpc: '2.0', method: 'notifications/progress', params: {} }
const logging: RpcNotification = { jsonrpc: '2.0', method: 'notifications/message', params: {} }
const question: RpcRequest = { jsonrpc: '2.0', id: 'q', method: 'elicitation/create' }
const failure = { kind: 'never-sent', error: expect.anything() } as const
const withdrawn = new AbortController().signal

/** A request that runs until the test ends it, and what became of it. */
function run() {
  const heard: unknown[] = []
  const cancelled: string[] = []
  const answers: ((answer: { result: Record<string, unknown> }) => void)[] = []
  let upstream: PeerListener | undefined
  const cancel = runLimited(
    server,
    {
      notification: ({ method }) => void heard.push(method),
      request: () => new Promise((resolve) => answers.push(resolve)),
      reply: () => void heard.push('reply'),
      failure: ({ kind, error }) => void heard.push(`${kind}: ${error.code}`),
    },
    (limited) => {
      upstream = limited
      return (reason) => void cancelled.push(reason)
    },
  )
  if (upstream === undefined) throw new Error('was not started')
  return { heard, cancelled, answers, cancel, upstream }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())
const pass = (ms: number) => vi.advanceTimersByTime(ms)

describe('the time limit of a request', () => {
  it('ends it: the server hears of the cancellation and the caller of the limit', () => {
    const { heard, cancelled } = run()
    pass(9_999)
    expect(heard).toEqual([])
    pass(1)
    expect(heard).toEqual(['broken: upstream_timeout'])
    expect(cancelled).toEqual(['The time limit has passed.'])
  })

  it('does not end what was answered in time, and leaves no timer behind', () => {
    const { upstream, heard, cancelled } = run()
    pass(9_999)
    upstream.reply(reply)
    expect(vi.getTimerCount()).toBe(0)
    pass(60_000)
    expect([heard, cancelled]).toEqual([['reply'], []])
  })

  it('begins anew with each progress, but not with other messages', () => {
    const { upstream, heard } = run()
    for (let round = 0; round < 5; round++) {
      pass(9_000)
      upstream.notification(progress)
    }
    pass(9_000)
    upstream.notification(logging)
    expect(heard).toHaveLength(6)
    pass(1_000)
    expect(heard.at(-1)).toBe('broken: upstream_timeout')
  })

  it('comes in the end however much progress is reported', () => {
    const { upstream, heard } = run()
    let seconds = 0
    while (!heard.includes('broken: upstream_timeout') && seconds < 7_200) {
      upstream.notification(progress)
      pass(1_000)
      seconds++
    }
    expect(seconds).toBeGreaterThanOrEqual(3_600)
    expect(seconds).toBeLessThanOrEqual(3_611)
  })

  it('does not run while the client is being asked, and begins anew with the answer', async () => {
    const { upstream, answers, heard } = run()
    const asked = upstream.request(question, withdrawn)
    pass(5 * 60_000)
    expect(heard).toEqual([])
    answers[0]?.({ result: {} })
    expect(await asked).toEqual({ result: {} })
    pass(9_999)
    expect(heard).toEqual([])
    pass(1)
    expect(heard).toEqual(['broken: upstream_timeout'])
  })

  it('waits for the last of several questions', async () => {
    const { upstream, answers, heard } = run()
    const asked = [upstream.request(question, withdrawn), upstream.request(question, withdrawn)]
    answers[0]?.({ result: {} })
    await asked[0]
    pass(60_000)
    expect(heard).toEqual([])
  })
})

describe('a request that has ended', () => {
  it('is told nothing more, however it ended', () => {
    const ends: ((running: ReturnType<typeof run>) => void)[] = [
      ({ upstream }) => upstream.reply(reply),
      ({ upstream }) => upstream.failure({ ...failure }),
      ({ cancel }) => cancel('given up'),
      () => pass(10_000),
    ]
    for (const end of ends) {
      const running = run()
      end(running)
      const told = running.heard.length
      running.upstream.notification(progress)
      running.upstream.reply(reply)
      running.upstream.failure({ ...failure })
      pass(60_000)
      expect(running.heard).toHaveLength(told)
    }
  })

  it('is cancelled at the server once, and not after its answer', () => {
    const { cancel, cancelled } = run()
    cancel('given up')
    cancel('again')
    expect(cancelled).toEqual(['given up'])
    const answered = run()
    answered.upstream.reply(reply)
    answered.cancel('too late')
    expect(answered.cancelled).toEqual([])
  })
})
