import { expect, it } from 'vitest'
import type { LogRow, SeenClient } from '../../api/shapes.ts'
import { baselineOf, connectedSince, withCall } from './progress.ts'

const seen = (client: string, lastSeenAt: string, tokenId = 't1'): SeenClient => ({
  client,
  era: 'legacy',
  tokenId,
  tokenName: 'laptop',
  member: 'dana',
  firstSeenAt: '2026-03-01T00:00:00.000Z',
  lastSeenAt,
})

const row = (values: Partial<LogRow>): LogRow => ({
  seq: 1,
  time: '2026-03-10T12:00:00.000Z',
  workspace: 'eng',
  kind: 'call',
  method: 'tools/call',
  tokenId: 't1',
  member: 'dana',
  role: 'developer',
  client: 'cursor',
  server: 'everything',
  tool: 'echo',
  shownAs: 'everything__echo',
  outcome: 'ok',
  latencyMs: 42,
  upstreamMs: 40,
  bytesIn: 1,
  bytesOut: 1,
  requestId: 'r',
  ...values,
})

const before = baselineOf([seen('cursor', '2026-03-10T11:00:00.000Z')])

it('hears nothing of clients that were there before', () => {
  expect(connectedSince(before, [seen('cursor', '2026-03-10T11:00:00.000Z')])).toBeUndefined()
})

it('hears of a client that comes back, and of one that is new', () => {
  const back = seen('cursor', '2026-03-10T12:00:01.000Z')
  const fresh = seen('codex', '2026-03-10T12:00:02.000Z')
  expect(connectedSince(before, [back])).toBe(back)
  expect(connectedSince(before, [fresh, back])).toBe(fresh)
  const sameClientOfAnother = seen('cursor', '2026-03-01T00:00:00.000Z', 't2')
  expect(connectedSince(before, [sameClientOfAnother])).toBe(sameClientOfAnother)
})

it('keeps the first call of an AI client, and takes no other row for one', () => {
  const others = [
    row({ kind: 'management', tool: null }),
    row({ client: 'playground (dana)' }),
    row({ tool: null }),
  ]
  const nothing = others.reduce(withCall, {})
  expect(nothing).toEqual({})
  const first = row({ seq: 2 })
  const progress = [first, row({ seq: 3 })].reduce(withCall, nothing)
  expect(progress).toEqual({ connected: { client: 'cursor', member: 'dana' }, firstCall: first })
})
