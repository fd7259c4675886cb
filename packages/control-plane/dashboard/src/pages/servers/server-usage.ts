import type { Stats } from '../../api/shapes.ts'

const HOUR_MS = 3_600_000

/** The calls of one server in each hour that the figures span, hours without any included. */
export function hourlyCalls(
  { from, to, items }: Pick<Stats, 'from' | 'to' | 'items'>,
  server: string,
): number[] {
  const calls = new Map(
    items.filter((item) => item.server === server).map((item) => [Date.parse(item.start ?? ''), item.calls]),
  )
  const first = Math.floor(Date.parse(from) / HOUR_MS) * HOUR_MS
  const hours = Math.max(0, Math.ceil((Date.parse(to) - first) / HOUR_MS))
  return Array.from({ length: hours }, (_, hour) => calls.get(first + hour * HOUR_MS) ?? 0)
}
