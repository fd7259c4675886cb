import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DIMENSIONS, type Dimension } from '../model/call-stats.ts'
import { CUBES, GRAIN_MS } from './cubes.ts'
import { planStats, TIME_BUCKETS } from './plan.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 2, 12, 10, 17, 23, 456)

const request = fc.record({
  from: fc.integer({ min: NOW - 40 * DAY_MS, max: NOW - 1 }),
  lengthMs: fc.integer({ min: 1, max: 40 * DAY_MS }),
  by: fc.subarray([...DIMENSIONS]),
  filtered: fc.subarray([...DIMENSIONS]),
  bucket: fc.option(fc.constantFrom(...TIME_BUCKETS), { nil: undefined }),
  offsetMs: fc.constantFrom(0, 2 * 3_600_000, -330 * 60_000),
})

it('answers from cells that hold all of the time once, and that know every dimension asked for', () => {
  fc.assert(
    fc.property(request, ({ from, lengthMs, by, filtered, bucket, offsetMs }) => {
      const where = Object.fromEntries(filtered.map((dimension) => [dimension, 'x']))
      const plan = planStats({ from, to: from + lengthMs, by, where, bucket, offsetMs, now: NOW })
      if (plan === undefined) {
        expect(bucket).toBe('minute')
        return
      }
      expect(plan.span.from).toBeLessThanOrEqual(from)
      expect(plan.span.to).toBeGreaterThanOrEqual(from + lengthMs)
      for (const [spans, needed] of [
        [plan.groups, [...by, ...filtered]],
        [plan.total, filtered],
      ] as const) {
        let end = plan.span.from
        for (const span of spans) {
          const { grain, has } = cubeNamed(span.cube)
          expect(span.from).toBe(end)
          expect([span.from % GRAIN_MS[grain], span.to % GRAIN_MS[grain]]).toEqual([0, 0])
          for (const dimension of needed as Dimension[]) expect(has).toContain(dimension)
          end = span.to
        }
        expect(end).toBe(plan.span.to)
      }
    }),
    { numRuns: 2_000 },
  )
})

it('reads a month by token and tool from whole days, and only its ends from hours', () => {
  const span = { from: NOW - 30 * DAY_MS, to: NOW }
  const plan = planStats({
    ...span,
    by: ['tokenId', 'tool'],
    where: {},
    bucket: undefined,
    offsetMs: 0,
    now: NOW,
  })
  expect(plan?.groups.map(({ cube }) => cube)).toEqual(['hour all', 'day all', 'hour all'])
  expect(plan?.total.map(({ cube }) => cube)).toEqual(['hour server', 'day server', 'hour server'])
})

it('tells the last hour by the minute where the server is enough, else by the hour', () => {
  const lastHour = { from: NOW - 3_600_000, to: NOW, bucket: undefined, offsetMs: 0, now: NOW }
  const exact = planStats({ ...lastHour, by: ['server'], where: {} })
  expect(exact?.span).toEqual({ from: Date.UTC(2026, 2, 12, 9, 17), to: Date.UTC(2026, 2, 12, 10, 18) })
  const wider = planStats({ ...lastHour, by: ['tool'], where: {} })
  expect(wider?.span).toEqual({ from: Date.UTC(2026, 2, 12, 9), to: Date.UTC(2026, 2, 12, 11) })
})

function cubeNamed(name: string) {
  const cube = CUBES.find((each) => each.name === name)
  if (cube === undefined) throw new Error(`There is no ${name}.`)
  return cube
}
