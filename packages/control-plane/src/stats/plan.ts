import type { CubeSpan, Dimension, GroupValues, TimeAxis } from '../model/call-stats.ts'
import {
  type Cube,
  cheapestCube,
  cutSpan,
  GRAIN_MS,
  type Grain,
  MINUTES_KEPT_MS,
  snapOutwards,
  type TimeSpan,
} from './cubes.ts'

export const TIME_BUCKETS = ['minute', 'hour', 'day', 'weekhour'] as const

export type TimeBucket = (typeof TIME_BUCKETS)[number]

export interface StatsRequest extends TimeSpan {
  by: readonly Dimension[]
  where: GroupValues
  bucket: TimeBucket | undefined
  /** How far local time is ahead of UTC. */
  offsetMs: number
  now: number
}

export interface StatsPlan {
  /** What is asked for, as far as cells tell times apart. */
  span: TimeSpan
  axis: TimeAxis | undefined
  /** The cells that answer what is asked, and those that answer for all of it together. */
  groups: CubeSpan[]
  total: CubeSpan[]
}

/** Which cells answer a question: the fewest there are. Undefined where minutes are asked for and there are none. */
export function planStats(request: StatsRequest): StatsPlan | undefined {
  const { bucket, by, where, offsetMs } = request
  const filtered = Object.keys(where) as Dimension[]
  const inMinutes = hasMinutes(request, [...by, ...filtered])
  if (bucket === 'minute' && !inMinutes) return undefined
  const finest = inMinutes && (bucket === undefined || bucket === 'minute') ? 'minute' : 'hour'
  const span = snapOutwards(request, GRAIN_MS[finest])
  const axis = axisOf(bucket, offsetMs)
  const grains = grainsFor(bucket, offsetMs, finest)
  const totalGrains = grainsFor(undefined, 0, finest)
  return {
    span,
    axis,
    groups: cutSpan(span, cubesOf(grains, [...by, ...filtered])),
    total: cutSpan(span, cubesOf(totalGrains, filtered)),
  }
}

function hasMinutes({ from, now }: StatsRequest, needed: readonly Dimension[]): boolean {
  const snapped = snapOutwards({ from, to: from }, GRAIN_MS.minute).from
  return snapped >= now - MINUTES_KEPT_MS && cheapestCube('minute', needed) !== undefined
}

function axisOf(bucket: TimeBucket | undefined, offsetMs: number): TimeAxis | undefined {
  if (bucket === undefined) return undefined
  if (bucket === 'weekhour') return { kind: 'weekhours', offsetMs }
  // Minutes and hours begin together in most of the world; where they do not, those of UTC are as good.
  return { kind: 'steps', stepMs: GRAIN_MS[bucket], offsetMs: bucket === 'day' ? offsetMs : 0 }
}

/** Of which lengths the cells may be, so that none lies across two steps. */
function grainsFor(bucket: TimeBucket | undefined, offsetMs: number, finest: Grain): Grain[] {
  if (bucket === 'minute') return ['minute']
  if (bucket === 'hour' || bucket === 'weekhour' || (bucket === 'day' && offsetMs !== 0)) return ['hour']
  return finest === 'minute' ? ['minute', 'hour', 'day'] : ['hour', 'day']
}

function cubesOf(grains: readonly Grain[], needed: readonly Dimension[]): Cube[] {
  return grains.map((grain) => cheapestCube(grain, needed)).filter((cube) => cube !== undefined)
}
