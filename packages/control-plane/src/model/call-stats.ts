import type { AuditRow, Outcome } from './audit-row.ts'

/** What figures of calls can be grouped and filtered by. Where a call has none, the value is the empty text. */
export const DIMENSIONS = ['server', 'tool', 'tokenId', 'member', 'client'] as const

export type Dimension = (typeof DIMENSIONS)[number]

/** Of a whole call, of its server's part in it, and of what the gateway itself took: the first less the second. */
export const TIMINGS = ['latency', 'upstream', 'gateway'] as const

export type TimingName = (typeof TIMINGS)[number]

/** How many buckets a histogram has. Its bounds are never changed: stored figures could not be added to new ones. */
export const HISTOGRAM_BUCKETS = 38

/** Times of several calls: their sum in microseconds, and how many fell into each bucket. */
export interface Timing {
  sumUs: number
  counts: number[]
}

/** What is added up of calls. Calls that were denied or cancelled are in no timing. */
export interface CallSums {
  outcomes: Record<Outcome, number>
  bytesIn: number
  bytesOut: number
  timings: Record<TimingName, Timing>
}

/** The sums of one span of time and one set of values; a cube has '' for each dimension that it does not have. */
export interface StatsCell {
  cube: string
  /** Where the span begins, Unix milliseconds; how long it is the cube says. */
  start: number
  values: Record<Dimension, string>
  sums: CallSums
}

/** The cells of one cube that begin in a span; `to` is exclusive. */
export interface CubeSpan {
  cube: string
  from: number
  to: number
}

/** How sums are laid out in time: in steps of one length, or by the hour of the week. */
export type TimeAxis =
  | { kind: 'steps'; stepMs: number; offsetMs: number }
  | { kind: 'weekhours'; offsetMs: number }

export type GroupValues = Partial<Record<Dimension, string>>

export interface StatsQuestion {
  workspaceId: string
  /** Together they hold every call of the time that is asked for once. */
  spans: readonly CubeSpan[]
  by: readonly Dimension[]
  where: GroupValues
  /** Only these groups, each with a value for all of `by`. */
  groups?: readonly GroupValues[]
  axis?: TimeAxis
  limit: number
}

export interface StatsGroup {
  values: GroupValues
  /** With an axis: where the step begins in Unix milliseconds, or the hour of the week, 0 being Monday's first. */
  at: number | undefined
  sums: CallSums
}

/** What counting and indexing read of a row. */
export type CountedRow = Pick<
  AuditRow,
  | 'seq'
  | 'time'
  | 'kind'
  | 'method'
  | 'tokenId'
  | 'member'
  | 'outcome'
  | 'latencyMs'
  | 'bytesIn'
  | 'bytesOut'
  | 'requestId'
> & {
  client: string | null
  server: string | null
  tool: string | null
  shownAs: string | null
  reason: string | null
  upstreamMs: number | null
}

/** How far the cells of a log hold its rows. */
export interface StatsStore {
  /** The last row that is counted; 0 when none is. */
  countedTo(workspaceId: string): Promise<number>
  /** Oldest first. */
  rowsAfter(workspaceId: string, seq: number, limit: number): Promise<CountedRow[]>
  /**
   * Adds cells and notes how far they count, in one transaction. False, and nothing is added, when the log was not
   * counted to exactly `from`: another process was faster.
   */
  add(
    workspaceId: string,
    progress: { from: number; to: number },
    cells: readonly StatsCell[],
  ): Promise<boolean>
  /** By calls, most first; with an axis by time, and by calls within each step. */
  sums(question: StatsQuestion): Promise<StatsGroup[]>
  /** Names of tokens by their ids; of those that are there. */
  tokenNames(ids: readonly string[]): Promise<Map<string, string>>
  /** Deletes at most so many cells of a cube that begin before that time. False when none are left. */
  prune(workspaceId: string, cube: string, before: number, limit: number): Promise<boolean>
}
