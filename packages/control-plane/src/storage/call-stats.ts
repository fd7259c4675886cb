import type { Transaction } from 'kysely'
import { OUTCOMES } from '../model/audit-row.ts'
import {
  type CountedRow,
  DIMENSIONS,
  HISTOGRAM_BUCKETS,
  type StatsCell,
  type StatsStore,
  TIMINGS,
} from '../model/call-stats.ts'
import { BUCKETS, OUTCOME_COLUMNS, SUM_COLUMNS } from './call-stats-columns.ts'
import { askSums } from './call-stats-query.ts'
import { type Database, write } from './database.ts'
import type { Tables } from './tables.ts'

const KEY = ['workspaceId', 'cube', 'start', ...DIMENSIONS] as const
const METRICS = ['calls', ...Object.values(OUTCOME_COLUMNS), ...SUM_COLUMNS, ...BUCKETS] as const

/** The figures of calls, added up cell by cell. */
export function createStatsStore(database: Database): StatsStore {
  const { kysely, reader } = database
  const addCell = compileAddCell(database)
  return {
    async countedTo(workspaceId) {
      const head = await kysely
        .selectFrom('callStatsHeads')
        .select('seq')
        .where('workspaceId', '=', workspaceId)
        .executeTakeFirst()
      return head?.seq ?? 0
    },

    rowsAfter: (workspaceId, seq, limit): Promise<CountedRow[]> =>
      kysely
        .selectFrom('auditRows')
        .select(['seq', 'time', 'kind', 'method', 'tokenId', 'member', 'client', 'server', 'tool', 'shownAs'])
        .select(['outcome', 'reason', 'latencyMs', 'upstreamMs', 'bytesIn', 'bytesOut', 'requestId'])
        .where('workspaceId', '=', workspaceId)
        .where('seq', '>', seq)
        .orderBy('seq')
        .limit(limit)
        .execute(),

    add: (workspaceId, { from, to }, cells) =>
      write(database, async (transaction) => {
        if (!(await moveHead(transaction, workspaceId, from, to))) return false
        for (const cell of cells) {
          await transaction.executeQuery({ ...addCell, parameters: parametersOf(workspaceId, cell) })
        }
        return true
      }),

    sums: (question) => askSums(reader, question),

    async tokenNames(ids) {
      if (ids.length === 0) return new Map()
      const found = await reader.selectFrom('tokens').select(['id', 'name']).where('id', 'in', ids).execute()
      return new Map(found.map(({ id, name }) => [id, name]))
    },

    async prune(workspaceId, cube, before, limit) {
      const old = kysely
        .selectFrom('callStats')
        .where('workspaceId', '=', workspaceId)
        .where('cube', '=', cube)
        .where('start', '<', before)
      const last = await old
        .select('start')
        .orderBy('start')
        .offset(limit - 1)
        .limit(1)
        .executeTakeFirst()
      await kysely
        .deleteFrom('callStats')
        .where('workspaceId', '=', workspaceId)
        .where('cube', '=', cube)
        .where('start', '<', last === undefined ? before : Math.min(last.start + 1, before))
        .execute()
      return last !== undefined
    },
  }
}

/** False when it was elsewhere. In PostgreSQL, others who would move it wait until the transaction is over. */
async function moveHead(
  transaction: Transaction<Tables>,
  workspaceId: string,
  from: number,
  to: number,
): Promise<boolean> {
  if (from === 0) {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('callStatsHeads')
      .values({ workspaceId, seq: to })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n
  }
  const { numUpdatedRows } = await transaction
    .updateTable('callStatsHeads')
    .set({ seq: to })
    .where('workspaceId', '=', workspaceId)
    .where('seq', '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** One statement for all cells, compiled once. */
function compileAddCell({ kysely }: Database) {
  // Only the columns' names reach the SQL; each run brings its own values.
  const blank = Object.fromEntries(
    [...KEY, ...METRICS].map((column) => [column, 0]),
  ) as unknown as Tables['callStats']
  return kysely
    .insertInto('callStats')
    .values(blank)
    .onConflict((conflict) =>
      conflict.columns(KEY).doUpdateSet(({ fn, eb, ref }) =>
        Object.fromEntries(
          METRICS.map((column) => {
            const [here, more] = [ref(`callStats.${column}`), ref(`excluded.${column}`)]
            return [column, fn.coalesce(eb(here, '+', more), here, more)]
          }),
        ),
      ),
    )
    .compile()
}

/** In the order of `KEY` and `METRICS`. */
function parametersOf(workspaceId: string, { cube, start, values, sums }: StatsCell): unknown[] {
  const outcomes = OUTCOMES.map((outcome) => sums.outcomes[outcome])
  return [
    workspaceId,
    cube,
    start,
    ...DIMENSIONS.map((dimension) => values[dimension]),
    outcomes.reduce((calls, count) => calls + count, 0),
    ...outcomes.map(nullIfNone),
    sums.bytesIn,
    sums.bytesOut,
    ...TIMINGS.map((name) => sums.timings[name].sumUs),
    ...TIMINGS.flatMap((name) => bucketsOf(sums.timings[name].counts)),
  ]
}

function bucketsOf(counts: readonly number[]): (number | null)[] {
  if (counts.length !== HISTOGRAM_BUCKETS) throw new Error('This is no histogram of ours.')
  return counts.map(nullIfNone)
}

function nullIfNone(count: number): number | null {
  return count === 0 ? null : count
}
