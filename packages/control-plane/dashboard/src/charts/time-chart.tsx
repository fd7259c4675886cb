import 'uplot/dist/uPlot.min.css'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useTheme } from '../shell/theme.ts'

export interface Series {
  label: string
  /** Which of the colours of the theme. */
  tone: 1 | 2 | 3 | 4 | 'bad'
  /** One per point in time; null leaves a gap. */
  values: readonly (number | null)[]
  /** A quieter line, for what is compared with. */
  dashed?: boolean
  /** Filled below the line. */
  filled?: boolean
}

interface Props {
  /** What is shown, in a sentence, for those who do not see it. */
  summary: string
  /** ISO instants, one per value. */
  times: readonly string[]
  series: readonly Series[]
  /** How a value is written. */
  format: (value: number) => string
  height?: number
  /** Hears of a span that was dragged over, as ISO instants. */
  onSpan?: (from: string, to: string) => void
}

const HEIGHT = 220

/** Lines over time. The figures are also there as a table, for keyboards and screen readers. */
export function TimeChart(props: Props) {
  const { summary, times, series, format, height = HEIGHT } = props
  const box = useRef<HTMLDivElement>(null)
  const tip = useTip()
  const [theme] = useTheme()
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const plot = draw(element, props, tip.move)
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [times, series, height, theme])
  return (
    <figure className="stack close" style={{ margin: 0 }}>
      <div className="chart-legend" aria-hidden="true">
        {series.map(({ label, tone, dashed }) => (
          <span key={label}>
            <span className={`swatch series-${tone}`} style={dashed ? { borderTopStyle: 'dashed' } : {}} />
            {label}
          </span>
        ))}
      </div>
      <div className="chart" ref={box} style={{ height }} role="img" aria-label={summary}>
        {tip.at !== undefined && (
          <Tip left={tip.at.left} flip={tip.at.flip} title={timeText(times[tip.at.index] ?? '')}>
            {series.map(({ label, tone, values }) => {
              const value = values[tip.at?.index ?? 0]
              return (
                <div key={label}>
                  <span className={`series-${tone}`}>● </span>
                  {label}: {value == null ? 'none' : format(value)}
                </div>
              )
            })}
          </Tip>
        )}
      </div>
      <details className="disclosure small">
        <summary>As a table</summary>
        <FigureTable {...props} />
      </details>
    </figure>
  )
}

interface TipPlace {
  index: number
  left: number
  flip: boolean
}

function useTip() {
  const [at, setAt] = useState<TipPlace>()
  return { at, move: setAt }
}

function Tip({
  left,
  flip,
  title,
  children,
}: {
  left: number
  flip: boolean
  title: string
  children: ReactNode
}) {
  return (
    <div
      className="chart-tip"
      style={{ top: 8, left, transform: flip ? 'translateX(calc(-100% - 12px))' : 'translateX(12px)' }}
    >
      <strong>{title}</strong>
      {children}
    </div>
  )
}

function FigureTable({ summary, times, series, format }: Props) {
  return (
    <div className="table-box" style={{ maxHeight: '18rem' }}>
      <table className="table keep">
        <caption className="aside">{summary}</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map(({ label }) => (
              <th scope="col" className="end" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <th scope="row">{timeText(time)}</th>
              {series.map(({ label, values }) => {
                const value = values[index]
                return (
                  <td className="end" key={label}>
                    {value == null ? '–' : format(value)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const tickTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const tickDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

const DAY_SECONDS = 86_400
/** What stands for whole days has nothing between them. */
const DAY_TICKS = [1, 2, 7, 14, 30].map((days) => days * DAY_SECONDS)
/** Below this height, ticks stand closer, or there would be only one. */
const LOW = 150

/** There is no half a call. */
const WHOLE_TICKS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat()

function areWhole(series: readonly Series[]): boolean {
  return series.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)))
}

function inDays([first = '', second = '']: readonly string[]): boolean {
  return Date.parse(second) - Date.parse(first) >= DAY_SECONDS * 1000
}

/** The time of day, and below it the day where one begins; days alone where there is nothing between them. */
function timeTicks(seconds: readonly number[]): string[] {
  const [first = 0, second = 0] = seconds
  const wide = second - first >= DAY_SECONDS
  let day = ''
  return seconds.map((each) => {
    const date = new Date(each * 1000)
    const before = day
    day = tickDay.format(date)
    if (wide) return day
    return day === before ? tickTime.format(date) : `${tickTime.format(date)}\n${day}`
  })
}

const timeFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

function timeText(instant: string): string {
  return instant === '' ? '' : timeFormat.format(new Date(instant))
}

function draw(element: HTMLElement, props: Props, onMove: (place: TipPlace | undefined) => void): uPlot {
  const { times, series, format, height = HEIGHT, onSpan } = props
  const colours = getComputedStyle(document.documentElement)
  const colour = (name: string) => colours.getPropertyValue(name).trim()
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
  const options: uPlot.Options = {
    width: element.clientWidth,
    height,
    // On the right there is room for half of the last label.
    padding: [null, 34, null, null],
    legend: { show: false },
    cursor: { y: false, drag: { x: onSpan !== undefined, y: false, setScale: false } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, ...(inDays(times) && { incrs: DAY_TICKS }), values: (_plot, ticks) => timeTicks(ticks) },
      {
        ...axis,
        size: 64,
        space: height < LOW ? 20 : 40,
        ...(areWhole(series) && { incrs: WHOLE_TICKS }),
        values: (_plot, ticks) => ticks.map((tick) => format(tick)),
      },
    ],
    series: [
      {},
      ...series.map(({ label, tone, dashed, filled }) => {
        const stroke = colour(tone === 'bad' ? '--bad' : `--series-${tone}`)
        return {
          label,
          stroke,
          width: 2,
          points: { show: times.length < 3 },
          ...(dashed && { dash: [5, 5] }),
          ...(filled && { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` }),
        }
      }),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx, left } = plot.cursor
          if (idx == null || left === undefined || left < 0) return onMove(undefined)
          const x = plot.over.offsetLeft + left
          onMove({ index: idx, left: x, flip: x > plot.width * 0.6 })
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4 || onSpan === undefined) return
          const at = (x: number) => new Date(plot.posToVal(x, 'x') * 1000).toISOString()
          onSpan(at(left), at(left + width))
        },
      ],
    },
  }
  const seconds = times.map((time) => Date.parse(time) / 1000)
  return new uPlot(options, [seconds, ...series.map(({ values }) => [...values])], element)
}
