import type { BridgeFigures } from './bridge-load.ts'
import type { Figures } from './measure-calls.ts'
import type { Scenario } from './scenarios.ts'

/** One round: what each target did. */
export type Round<F extends Figures = Figures> = Record<string, F>
type Column<F extends Figures> = [title: string, pick: (own: F, round: Round<F>) => number | undefined]

export function scenarioTable({ name, callers, reference }: Scenario, rounds: Round[]): string {
  return table<Figures>(`${name}, ${callers} caller${callers === 1 ? '' : 's'}`, rounds, [
    ['calls/s', (own) => own.callsPerSecond],
    ['p50 ms', (own) => own.p50Ms],
    ['p99 ms', (own) => own.p99Ms],
    ['added p50 ms', (own, { direct }) => direct && own.p50Ms - direct.p50Ms],
    ['CPU µs per call', (own) => own.cpuMicros],
    [`CPU ÷ ${reference}`, (own, round) => own.cpuMicros / (round[reference]?.cpuMicros ?? Number.NaN)],
    ['RSS MB', (own) => own.rssMb],
  ])
}

export function bridgeTable(rounds: Round<BridgeFigures>[]): string {
  return table('bridge, small tools/call, 1 caller', rounds, [
    ['initialize ms', (own) => own.initializeMs],
    ['p50 ms', (own) => own.p50Ms],
    ['added p50 ms over direct', (own, { direct }) => direct && own.p50Ms - direct.p50Ms],
    ['over bare-stdio', (own, { 'bare-stdio': bare }) => bare && own.p50Ms - bare.p50Ms],
    ['CPU µs per call', (own) => own.cpuMicros],
    ['RSS MB', (own) => own.rssMb],
  ])
}

/** In Markdown. Differences and ratios are taken within a round, and only then their median. */
function table<F extends Figures>(title: string, rounds: Round<F>[], columns: Column<F>[]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const rows = Object.keys(rounds[0] ?? {}).map((target) => {
    const cells = columns.map(([, pick]) => {
      const values = rounds.map((round) => round[target] && pick(round[target], round))
      return written(median(values.map((value) => value ?? Number.NaN)))
    })
    return line([target, ...cells])
  })
  const head = line(['target', ...columns.map(([name]) => name)])
  return [`### ${title}\n`, head, `| --- |${' ---: |'.repeat(columns.length)}`, ...rows, ''].join('\n')
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  return (at(Math.ceil(sorted.length / 2 - 1)) + at(Math.floor(sorted.length / 2))) / 2
}

function written(value: number): string {
  if (Number.isNaN(value)) return '–'
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
}
