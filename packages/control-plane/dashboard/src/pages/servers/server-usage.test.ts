import { expect, it } from 'vitest'
import type { StatsItem } from '../../api/shapes.ts'
import { hourlyCalls } from './server-usage.ts'

const item = (server: string, start: string, calls: number) => ({ server, start, calls }) as StatsItem

it('shows the hours in which nobody called as zero', () => {
  const stats = {
    from: '2026-01-01T09:00:00.000Z',
    to: '2026-01-01T12:30:00.000Z',
    items: [
      item('a', '2026-01-01T10:00:00.000Z', 3),
      item('b', '2026-01-01T10:00:00.000Z', 9),
      item('a', '2026-01-01T12:00:00.000Z', 1),
    ],
  }
  expect(hourlyCalls(stats, 'a')).toEqual([0, 3, 0, 1])
  expect(hourlyCalls(stats, 'c')).toEqual([0, 0, 0, 0])
})
