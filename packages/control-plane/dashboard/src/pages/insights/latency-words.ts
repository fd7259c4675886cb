import type { Figures, StatsItem } from '../../api/shapes.ts'
import { timesOf } from '../../figures/change-of.ts'
import { duration, percent } from '../../format/numbers.ts'
import type { SlowDown } from './slow-down.ts'

export type Quantile = 'p50' | 'p95' | 'p99'

export interface Asked {
  quantile: Quantile
  /** What is looked at, where it is one thing. */
  of: string | undefined
  /** Such as "this week" and "the week before". */
  words: string
  wordsBefore: string
}

/** What the figures say about how long calls take, and whose time it is. */
export function latencyWords(now: Figures, before: Figures | undefined, asked: Asked): string {
  const { quantile, of, words, wordsBefore } = asked
  if (now.upstreamMs === null) return `No call of ${of ?? 'this workspace'} reached a server ${words}.`
  const time = now.upstreamMs[quantile]
  const earlier = before?.upstreamMs?.[quantile]
  const whose = of === undefined ? 'Upstream time' : `Upstream time of ${of}`
  const compared = earlier === undefined ? '' : `, ${duration(earlier)} ${wordsBefore}`
  const gateway =
    now.gatewayMs === null
      ? ''
      : ` The gateway itself added ${duration(now.gatewayMs[quantile])} (${quantile}).`
  return `${whose}: ${quantile} ${duration(time)} ${words}${compared}.${gateway}`
}

/** The short answer; undefined where there is nothing to compare with. */
export function verdictWords(now: Figures, before: Figures | undefined, quantile: Quantile) {
  const time = now.upstreamMs?.[quantile]
  const earlier = before?.upstreamMs?.[quantile]
  if (time === undefined || earlier === undefined || earlier === 0) return undefined
  const ratio = time / earlier
  if (ratio >= 1.25) return { slower: true, text: `${timesOf(ratio)} times as slow as before` }
  if (ratio <= 0.8) return { slower: false, text: `${timesOf(1 / ratio)} times as fast as before` }
  return { slower: false, text: 'About as fast as before' }
}

const NAMED = 2
const WORTH_NAMING = 0.1

/** Which parts it is; undefined where nothing got slower, or it is the only one there is. */
export function culpritWords(
  { slower, parts }: SlowDown,
  nameOf: (item: StatsItem) => string,
): string | undefined {
  const named = parts.filter(({ share }) => share >= WORTH_NAMING).slice(0, NAMED)
  if (!slower || parts.length < 2 || named.length === 0) return undefined
  const list = named.map(({ item, share }) => `${nameOf(item)} (${percent(share)})`).join(' and ')
  return `Of the time that calls wait longer, most is in ${list}.`
}
