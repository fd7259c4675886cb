import type { Transaction } from 'kysely'
import { OUTCOMES } from '../model/audit-row.ts'
import { type CountedRow, DIMENSIONS, type StatsCell, type StatsStore, TIMINGS } from '../model/call-stats.ts'
import { BUCKETS, OUTCOME_COLUMNS, SUM_COLUMNS } from './call-stats-columns.ts'
import { askSums } from './call-stats-query.ts'
import { type Database, write } from './database.ts'
import type { Tables } from './tables.ts'

// PostgreSQL is far away: it gets many at a time.
const CELLS_PER_STATEMENT = [24, 4, 1] as const

const KEY = ['workspaceId', 'cube', 'start', ...DIMENSIONS] as const
const METRICS = ['calls', ...Object.values(OUTCOME_COLUMNS), ...SUM_COLUMNS, ...BUCKETS] as const

/** The figures of calls, added up cell by cell. */
export function createStatsStore(database: Database): StatsStore {
  const { kysely, reader } = database
  const addCells = CELLS_PER_STATEMENT.map((size) => ({ size, query: compileAddCells(database, size) }))
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
        let done = 0
        for (const { size, query } of addCells) {
          for (; cells.length - done >= size; done += size) {
            const parameters = parametersOf(workspaceId, cells.slice(done, done + size))
            await transaction.executeQuery({ ...query, parameters })
          }
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

/** Compiled once for all cells there will be. */
function compileAddCells({ kysely }: Database, size: number) {
  // Only the columns' names reach the SQL; each run brings its own values.
  const blank = Object.fromEntries(
    [...KEY, ...METRICS].map((column) => [column, 0]),
  ) as unknown as Tables['callStats']
  return kysely
    .insertInto('callStats')
    .values(Array.from({ length: size }, () => blank))
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

/** In the order of `KEY` and `METRICS`, for every cell. */
function parametersOf(workspaceId: string, cells: readonly StatsCell[]): unknown[] {
  const parameters: unknown[] = []
  for (const { cube, start, values, sums } of cells) {
    parameters.push(workspaceId, cube, start)
    for (const dimension of DIMENSIONS) parameters.push(values[dimension])
    parameters.push(OUTCOMES.reduce((calls, outcome) => calls + sums.outcomes[outcome], 0))
    for (const outcome of OUTCOMES) parameters.push(nullIfNone(sums.outcomes[outcome]))
    parameters.push(sums.bytesIn, sums.bytesOut)
    for (const name of TIMINGS) parameters.push(sums.timings[name].sumUs)
    for (const name of TIMINGS)
      for (const count of sums.timings[name].counts) parameters.push(nullIfNone(count))
  }
  return parameters
}

function nullIfNone(count: number): number | null {
  return count === 0 ? null : count
}
