import { setImmediate } from 'node:timers/promises'
import { type ExpressionBuilder, type Kysely, type RawBuilder, sql } from 'kysely'
import { OUTCOMES, type Outcome } from '../model/audit-row.ts'
import type {
  CallSums,
  CubeSpan,
  GroupValues,
  StatsGroup,
  StatsQuestion,
  TimeAxis,
  Timing,
  TimingName,
} from '../model/call-stats.ts'
import { BUCKETS, bucketColumns, OUTCOME_COLUMNS, SUM_COLUMNS } from './call-stats-columns.ts'
import type { Tables } from './tables.ts'

// Reading the sums of a group takes some 10 µs; calls get their turn in between.
const GROUPS_AT_ONCE = 200

const HOUR_MS = 3_600_000
const HOURS_PER_WEEK = 168
/** 1 January 1970 was a Thursday. */
const HOURS_TO_MONDAY = 72

type Cells = ExpressionBuilder<{ cells: Tables['callStats'] }, 'cells'>

/** The sums of each group. The database adds up; histograms come back as lists in text, which cost less than columns. */
export async function askSums(reader: Kysely<Tables>, question: StatsQuestion): Promise<StatsGroup[]> {
  const { by, axis, limit, groups } = question
  const [first, ...rest] = question.spans.map((span) => cellsIn(reader, question, span))
  if (first === undefined) return []
  const at: RawBuilder<number | null> = axis === undefined ? sql`null` : placeOn(axis)
  const query = reader
    .selectFrom(rest.reduce((all, more) => all.unionAll(more), first).as('cells'))
    .select([...by, at.as('at')])
    .select([
      total('calls').as('calls'),
      ...OUTCOMES.map((outcome) => total(OUTCOME_COLUMNS[outcome]).as(OUTCOME_COLUMNS[outcome])),
      ...SUM_COLUMNS.map((column) => total(column).as(column)),
      histogram('latency').as('latency'),
      histogram('upstream').as('upstream'),
      histogram('gateway').as('gateway'),
    ])
    .$if(groups !== undefined, (cells) => cells.where((each) => isOneOf(each, groups ?? [])))
    .$if(by.length > 0, (cells) => cells.groupBy(by))
    // By the name it has in the answer: PostgreSQL takes the same expression with other parameters for another one.
    .$if(axis !== undefined, (cells) => cells.groupBy(sql`"at"`).orderBy('at'))
    .orderBy('calls', 'desc')
    .$call((cells) => by.reduce((ordered, dimension) => ordered.orderBy(dimension), cells))
    .limit(limit)
  const rows = await query.execute()
  const found: StatsGroup[] = []
  for (const row of rows) {
    // Without anything to group by there is one row even of no cells.
    if (row.calls === null) continue
    const values = Object.fromEntries(by.map((dimension) => [dimension, row[dimension]])) as GroupValues
    found.push({ values, at: row.at ?? undefined, sums: sumsOf(row) })
    if (found.length % GROUPS_AT_ONCE === 0) await setImmediate()
  }
  return found
}

/** What one span adds. Of several spans each is looked up by the key; with `or` SQLite would read them all. */
function cellsIn(reader: Kysely<Tables>, { workspaceId, by, where }: StatsQuestion, span: CubeSpan) {
  return reader
    .selectFrom('callStats')
    .select(['start', 'calls', ...by, ...SUM_COLUMNS, ...BUCKETS])
    .select(OUTCOMES.map((outcome) => OUTCOME_COLUMNS[outcome]))
    .where('workspaceId', '=', workspaceId)
    .where('cube', '=', span.cube)
    .where('start', '>=', span.from)
    .where('start', '<', span.to)
    .where(({ and }) => and(where))
}

function isOneOf(each: Cells, groups: readonly GroupValues[]) {
  return each.or(groups.map((group) => each.and(group)))
}

function placeOn(axis: TimeAxis): RawBuilder<number> {
  const offset = sql.lit(axis.offsetMs)
  if (axis.kind === 'weekhours') {
    const hour = sql`(${sql.ref('start')} + ${offset}) / ${sql.lit(HOUR_MS)}`
    return sql<number>`(${hour} + ${sql.lit(HOURS_TO_MONDAY)}) % ${sql.lit(HOURS_PER_WEEK)}`
  }
  const step = sql.lit(axis.stepMs)
  return sql<number>`(${sql.ref('start')} + ${offset}) / ${step} * ${step} - ${offset}`
}

/** PostgreSQL adds up to types that hold more than there will ever be, and that arrive as text. */
function total(column: keyof Tables['callStats']): RawBuilder<number> {
  return sql<number>`cast(sum(${sql.ref(column)}) as bigint)`
}

function histogram(timing: TimingName): RawBuilder<string> {
  const buckets = bucketColumns(timing).map((column) => sql`coalesce(sum(${sql.ref(column)}), 0)`)
  return sql<string>`concat_ws(',', ${sql.join(buckets)})`
}

type OutcomeColumn = (typeof OUTCOME_COLUMNS)[Outcome]

type SumsRow = Record<OutcomeColumn, number | null> &
  Record<(typeof SUM_COLUMNS)[number], number> &
  Record<TimingName, string>

function sumsOf(row: SumsRow): CallSums {
  return {
    outcomes: Object.fromEntries(
      OUTCOMES.map((outcome) => [outcome, row[OUTCOME_COLUMNS[outcome]] ?? 0]),
    ) as Record<Outcome, number>,
    bytesIn: row.bytesIn,
    bytesOut: row.bytesOut,
    timings: {
      latency: timingOf(row.latencyUs, row.latency),
      upstream: timingOf(row.upstreamUs, row.upstream),
      gateway: timingOf(row.gatewayUs, row.gateway),
    },
  }
}

function timingOf(sumUs: number, counts: string): Timing {
  return { sumUs, counts: counts.split(',').map(Number) }
}
