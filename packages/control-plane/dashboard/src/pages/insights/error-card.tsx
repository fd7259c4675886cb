import { useMemo } from 'react'
import type { Outcome, Stats } from '../../api/shapes.ts'
import { type Series, TimeChart } from '../../charts/time-chart.tsx'
import { along, type Bucket, stepsOf } from '../../figures/spans.ts'
import { count, percent } from '../../format/numbers.ts'
import { utcOffset } from '../../format/times.ts'
import { outcomeWord } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { useInsights, useNarrow } from './use-insights.ts'
import { useOverTime } from './use-over-time.ts'

/** What counts as an error: a call that was given up is nobody's fault. */
const ERRORS: readonly { outcome: Outcome; tone: Series['tone'] }[] = [
  { outcome: 'tool_error', tone: 'bad' },
  { outcome: 'timeout', tone: 2 },
  { outcome: 'unreachable', tone: 4 },
  { outcome: 'protocol_error', tone: 3 },
  { outcome: 'denied', tone: 1 },
]

/** Which share of the calls failed, and how. */
export function ErrorCard() {
  const { now, bucket } = useOverTime()
  return (
    <Card title="Error rate">
      <Loaded query={now} height="16rem">
        {(data) =>
          data.total.errors === 0 ? (
            <Empty title="No errors">
              {data.total.calls === 0
                ? 'There are no calls in this time.'
                : `All ${count(data.total.calls)} calls went well.`}
            </Empty>
          ) : (
            <Chart stats={data} bucket={bucket} />
          )
        }
      </Loaded>
    </Card>
  )
}

function Chart({ stats, bucket }: { stats: Stats; bucket: Bucket }) {
  const { span, words } = useInsights()
  const narrow = useNarrow()
  const { from, to } = span
  const { times, series } = useMemo(() => {
    const steps = stepsOf({ from, to }, bucket, utcOffset())
    const occurring = ERRORS.filter(({ outcome }) => (stats.total.outcomes[outcome] ?? 0) > 0)
    return {
      times: steps.map((step) => new Date(step).toISOString()),
      series: occurring.map(({ outcome, tone }) => ({
        label: outcomeWord(outcome),
        tone,
        values: along(steps, stats.items, (item) =>
          item === undefined ? null : (item.outcomes[outcome] ?? 0) / item.calls,
        ),
      })),
    }
  }, [stats, from, to, bucket])
  const { errors, calls, errorRate } = stats.total
  const sentence = `${count(errors)} of ${count(calls)} calls failed ${words}: ${percent(errorRate)}.`
  return (
    <>
      <p className="answer">{sentence}</p>
      <TimeChart
        summary={`${sentence} Share of calls by outcome over time.`}
        times={times}
        series={series}
        format={percent}
        onSpan={narrow}
        height={180}
      />
    </>
  )
}
