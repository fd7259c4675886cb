import { describe, expect, it } from 'vitest'
import type { Figures, Quantiles, StatsItem } from '../../api/shapes.ts'
import { culpritWords, latencyWords, verdictWords } from './latency-words.ts'

const all = (ms: number): Quantiles => ({ p50: ms / 2, p95: ms, p99: ms * 2, mean: ms })
const figures = (upstream: number | null, gateway: number | null) =>
  ({
    upstreamMs: upstream === null ? null : all(upstream),
    gatewayMs: gateway === null ? null : all(gateway),
  }) as Figures

const ASKED = { quantile: 'p95', of: 'jira', words: 'this week', wordsBefore: 'the week before' } as const

describe('the sentence about latency', () => {
  it('says whose time it is, what it was, and what the gateway added', () => {
    expect(latencyWords(figures(2400, 0.6), figures(480, 0.5), ASKED)).toBe(
      'Upstream time of jira: p95 2.40 s this week, 480 ms the week before. The gateway itself added 600 µs (p95).',
    )
  })

  it('compares with nothing where nothing was', () => {
    expect(latencyWords(figures(2400, null), undefined, ASKED)).toBe(
      'Upstream time of jira: p95 2.40 s this week.',
    )
  })

  it('says that no call reached the server', () => {
    expect(latencyWords(figures(null, null), figures(480, 0.5), ASKED)).toBe(
      'No call of jira reached a server this week.',
    )
  })
})

describe('the verdict', () => {
  it('tells slower, faster and neither apart', () => {
    expect(verdictWords(figures(2400, 1), figures(480, 1), 'p95')).toEqual({
      slower: true,
      text: '5.0 times as slow as before',
    })
    expect(verdictWords(figures(240, 1), figures(480, 1), 'p95')?.text).toBe('2.0 times as fast as before')
    expect(verdictWords(figures(500, 1), figures(480, 1), 'p95')?.text).toBe('About as fast as before')
    expect(verdictWords(figures(500, 1), undefined, 'p95')).toBeUndefined()
  })
})

describe('who it is', () => {
  const part = (tool: string, share: number) => ({ item: { tool } as StatsItem, before: undefined, share })
  const nameOf = ({ tool }: StatsItem) => tool ?? ''

  it('names the two that matter', () => {
    const parts = [part('search', 0.8), part('get', 0.15), part('list', 0.05)]
    expect(culpritWords({ slower: true, parts }, nameOf)).toBe(
      'Of the time that calls wait longer, most is in search (80%) and get (15%).',
    )
  })

  it('names nobody when nothing got slower, or there is only one', () => {
    expect(culpritWords({ slower: false, parts: [part('a', 0.6), part('b', 0.4)] }, nameOf)).toBeUndefined()
    expect(culpritWords({ slower: true, parts: [part('a', 1)] }, nameOf)).toBeUndefined()
  })
})
