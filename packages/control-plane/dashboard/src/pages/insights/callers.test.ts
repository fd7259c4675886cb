import { expect, it } from 'vitest'
import type { StatsItem } from '../../api/shapes.ts'
import { callersIn } from './callers.ts'

const item = (member: string, client: string | null, calls: number, p95: number | null) =>
  ({
    member,
    client,
    tokenId: `token of ${member}`,
    tokenName: null,
    calls,
    errors: 1,
    latencyMs: p95 === null ? null : { p50: 1, p95, p99: 1, mean: 1 },
  }) as StatsItem

const newer = { from: 10, to: 20 }
const older = { from: 0, to: 10 }

it('adds up what one caller did at several times, and puts the busiest first', () => {
  const callers = callersIn([
    { span: newer, items: [item('ada', 'cursor', 5, 100), item('bot', null, 4, null)] },
    { span: older, items: [item('bot', null, 8, 70), item('ada', 'zed', 2, 10)] },
  ])
  expect(
    callers.map(({ member, client, calls, errors, p95 }) => [member, client, calls, errors, p95]),
  ).toEqual([
    ['bot', null, 12, 2, 70],
    ['ada', 'cursor', 5, 1, 100],
    ['ada', 'zed', 2, 1, 10],
  ])
})

it('leads to the newest of the times at which a caller called', () => {
  const [bot, ada] = callersIn([
    { span: newer, items: [item('bot', null, 4, 1)] },
    { span: older, items: [item('bot', null, 8, 1), item('ada', 'zed', 2, 1)] },
  ])
  expect(bot?.last).toEqual(newer)
  expect(ada?.last).toEqual(older)
})
