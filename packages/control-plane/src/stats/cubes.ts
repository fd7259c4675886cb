import type { CubeSpan, Dimension } from '../model/call-stats.ts'

export const GRAINS = ['minute', 'hour', 'day'] as const

export type Grain = (typeof GRAINS)[number]

export const GRAIN_MS: Record<Grain, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Minutes are for the last hours only: cells of them are kept this long. */
export const MINUTES_KEPT_MS = 26 * GRAIN_MS.hour

export interface Cube {
  name: string
  grain: Grain
  has: readonly Dimension[]
}

const ALL: Dimension[] = ['server', 'tool', 'tokenId', 'member', 'client']

/**
 * Which dimensions are kept together, from the fewest cells to the most. With each of them days are kept beside hours: a month
 * of hours by everything is too much to add up while somebody waits.
 */
const KEPT_TOGETHER: [name: string, has: Dimension[]][] = [
  ['server', ['server']],
  ['token', ['tokenId', 'member', 'client']],
  ['tool', ['server', 'tool']],
  ['server+token', ['server', 'tokenId', 'member', 'client']],
  ['all', ALL],
]

export const CUBES: readonly Cube[] = [
  { name: 'minute server', grain: 'minute', has: ['server'] },
  ...(['hour', 'day'] as const).flatMap((grain) =>
    KEPT_TOGETHER.map(([name, has]) => ({ name: `${grain} ${name}`, grain, has })),
  ),
]

/** The cube of the fewest cells that can tell these apart; undefined where the grain has none. */
export function cheapestCube(grain: Grain, needed: readonly Dimension[]): Cube | undefined {
  return CUBES.find(
    (cube) => cube.grain === grain && needed.every((dimension) => cube.has.includes(dimension)),
  )
}

export interface TimeSpan {
  from: number
  to: number
}

export function floorTo(ms: number, grainMs: number): number {
  return Math.floor(ms / grainMs) * grainMs
}

export function snapOutwards({ from, to }: TimeSpan, grainMs: number): TimeSpan {
  return { from: floorTo(from, grainMs), to: -floorTo(-to, grainMs) }
}

/**
 * Cuts a span into as few cells as can be: whole days of days, what is left of hours, then of minutes, as far as these are
 * allowed. The span must begin and end at the finest of them.
 */
export function cutSpan(span: TimeSpan, cubes: readonly Cube[]): CubeSpan[] {
  const [coarsest, ...finer] = cubes.toSorted((a, b) => GRAIN_MS[b.grain] - GRAIN_MS[a.grain])
  if (coarsest === undefined || span.from >= span.to) return []
  const grainMs = GRAIN_MS[coarsest.grain]
  const from = -floorTo(-span.from, grainMs)
  const to = floorTo(span.to, grainMs)
  if (from >= to) return cutSpan(span, finer)
  return [
    ...cutSpan({ from: span.from, to: from }, finer),
    { cube: coarsest.name, from, to },
    ...cutSpan({ from: to, to: span.to }, finer),
  ]
}
