import { useMemo } from 'react'
import type { Quantiles, Stats } from '../../api/shapes.ts'
import { type Series, TimeChart } from '../../charts/time-chart.tsx'
import { along, type Bucket, stepsOf } from '../../figures/spans.ts'
import { duration } from '../../format/numbers.ts'
import { utcOffset } from '../../format/times.ts'
import { Badge } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { ChoiceLink } from '../../parts/choice-link.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { CulpritTable } from './culprit-table.tsx'
import { culpritWords, latencyWords, type Quantile, verdictWords } from './latency-words.ts'
import type { InsightsSearch } from './search.ts'
import { useInsights, useNarrow } from './use-insights.ts'
import { useOverTime } from './use-over-time.ts'
import { useSlowDown } from './use-slow-down.ts'

/** Why something is slow: whose time it is, since when, and in which tools. */
export function LatencyCard() {
  const { search } = useInsights()
  const { now, before, bucket } = useOverTime()
  return (
    <Card title="How long calls take" actions={<QuantileChoice />}>
      <Loaded query={now} height="26rem">
        {(stats) =>
          stats.total.calls === 0 ? (
            <Empty title="No calls in this time">Choose a longer time, or take filters off.</Empty>
          ) : (
            <>
              <Answer now={stats} before={before} />
              <Charts now={stats} before={before} bucket={bucket} />
              {search.tool === undefined && <CulpritTable />}
            </>
          )
        }
      </Loaded>
    </Card>
  )
}

function QuantileChoice() {
  const { search } = useInsights()
  const { quantile: current = 'p95' } = search
  return (
    <div className="segments">
      {(['p50', 'p95', 'p99'] as const).map((quantile) => (
        <ChoiceLink
          key={quantile}
          to="/w/$slug/insights"
          from="/w/$slug/insights"
          search={(before: InsightsSearch) => ({ ...before, quantile })}
          current={quantile === current}
          resetScroll={false}
          title={QUANTILE_TITLE[quantile]}
        >
          {quantile}
        </ChoiceLink>
      ))}
    </div>
  )
}

const QUANTILE_TITLE: Record<Quantile, string> = {
  p50: 'Half of the calls take no longer than this',
  p95: '95 of 100 calls take no longer than this',
  p99: '99 of 100 calls take no longer than this',
}

/** What a handful of calls took says nothing about how it was. */
const ENOUGH_TO_COMPARE = 20

function Answer({ now, before }: { now: Stats; before: Stats | undefined }) {
  const { search, words, before: earlier } = useInsights()
  const { quantile = 'p95', server, tool } = search
  const { slowDown, nameOf } = useSlowDown()
  const earlierFigures =
    before !== undefined && before.total.calls >= ENOUGH_TO_COMPARE ? before.total : undefined
  const verdict = verdictWords(now.total, earlierFigures, quantile)
  const sentence = latencyWords(now.total, earlierFigures, {
    quantile,
    of: tool ?? server,
    words,
    wordsBefore: earlier.words,
  })
  const culprits = slowDown && culpritWords(slowDown, nameOf)
  return (
    <p className="answer wrap">
      {verdict !== undefined && (
        <>
          <Badge tone={verdict.slower ? 'bad' : 'quiet'}>{verdict.text}</Badge>{' '}
        </>
      )}
      {sentence} {verdict?.slower && culprits}
    </p>
  )
}

interface ChartsProps {
  now: Stats
  before: Stats | undefined
  bucket: Bucket
}

function Charts({ now, before, bucket }: ChartsProps) {
  const { search, span, before: earlier } = useInsights()
  const { quantile = 'p95' } = search
  const narrow = useNarrow()
  const offset = utcOffset()
  const { from, to } = span
  const { from: fromBefore, to: toBefore } = earlier.span
  const { times, upstream, gateway } = useMemo(() => {
    const steps = stepsOf({ from, to }, bucket, offset)
    const stepsBefore = stepsOf({ from: fromBefore, to: toBefore }, bucket, offset)
    const at = (quantiles: Quantiles | null | undefined) => quantiles?.[quantile] ?? null
    const lines: Series[] = [
      { label: 'Upstream', tone: 1, values: along(steps, now.items, (item) => at(item?.upstreamMs)) },
    ]
    // Minutes of a week ago are kept no more.
    if (before !== undefined && bucket !== 'minute') {
      lines.push({
        label: `Upstream, ${earlier.words}`,
        tone: 2,
        dashed: true,
        values: along(stepsBefore, before.items, (item) => at(item?.upstreamMs)),
      })
    }
    return {
      times: steps.map((step) => new Date(step).toISOString()),
      upstream: lines,
      gateway: [
        {
          label: 'Added by the gateway',
          tone: 3 as const,
          values: along(steps, now.items, (item) => at(item?.gatewayMs)),
        },
      ],
    }
  }, [now, before, from, to, fromBefore, toBefore, bucket, offset, quantile, earlier.words])
  const shared = { times, format: duration, onSpan: narrow }
  return (
    <>
      <TimeChart
        {...shared}
        summary={`Upstream latency over time, ${quantile}. Drag over the chart to narrow the time.`}
        series={upstream}
      />
      <TimeChart
        {...shared}
        height={110}
        summary={`Latency added by the gateway over time, ${quantile}, on a scale of its own.`}
        series={gateway}
      />
      <p className="soft small">
        Two scales: upstream is the time a server took, the other what this gateway added. Drag over a chart
        to narrow the time.
      </p>
    </>
  )
}
