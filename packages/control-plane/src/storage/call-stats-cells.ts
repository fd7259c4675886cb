import { type CompiledQuery, type InsertQueryBuilder, type InsertResult, sql, type Transaction } from 'kysely'
import { OUTCOMES } from '../model/audit-row.ts'
import { DIMENSIONS, type StatsCell, TIMINGS } from '../model/call-stats.ts'
import { BUCKETS, OUTCOME_COLUMNS, SUM_COLUMNS } from './call-stats-columns.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

const KEY = ['workspaceId', 'cube', 'start', ...DIMENSIONS] as const
const METRICS = ['calls', ...Object.values(OUTCOME_COLUMNS), ...SUM_COLUMNS, ...BUCKETS] as const
const COLUMNS = [...KEY, ...METRICS]
const STORED_NAMES = COLUMNS.map((column) =>
  column.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
)

const CELLS_PER_MESSAGE = 500

export type AddCells = (
  transaction: Transaction<Tables>,
  workspaceId: string,
  cells: readonly StatsCell[],
) => Promise<void>

/**
 * Adds cells to those that are there. SQLite is asked cell by cell; PostgreSQL gets many as one JSON text, without what is
 * null: a statement with thousands of parameters takes it longer to read than to carry out.
 */
export function compileAddCells(database: Database): AddCells {
  const { kysely, dialect } = database
  const into = kysely.insertInto('callStats')
  if (dialect === 'sqlite') {
    // Only the columns' names reach the SQL; each run brings its own values.
    const blank = Object.fromEntries(COLUMNS.map((column) => [column, 0])) as unknown as Tables['callStats']
    const addOne = added(into.values(blank))
    return async (transaction, workspaceId, cells) => {
      for (const cell of cells)
        await transaction.executeQuery({ ...addOne, parameters: valuesOf(workspaceId, cell) })
    }
  }
  const columns = sql.join(COLUMNS.map((column) => sql.ref(column)))
  const given = sql<
    Tables['callStats']
  >`select ${columns} from json_populate_recordset(null::call_stats, ${''}::json)`
  const addMany = added(into.columns(COLUMNS).expression(given))
  return async (transaction, workspaceId, cells) => {
    for (let done = 0; done < cells.length; done += CELLS_PER_MESSAGE) {
      const rows = cells.slice(done, done + CELLS_PER_MESSAGE).map((cell) => presentOf(workspaceId, cell))
      await transaction.executeQuery({ ...addMany, parameters: [JSON.stringify(rows)] })
    }
  }
}

function added(insert: InsertQueryBuilder<Tables, 'callStats', InsertResult>): CompiledQuery {
  return insert
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

function presentOf(workspaceId: string, cell: StatsCell): Record<string, unknown> {
  const values = valuesOf(workspaceId, cell)
  const present = STORED_NAMES.map((name, index) => [name, values[index]] as const)
  return Object.fromEntries(present.filter(([, value]) => value !== null))
}

/** In the order of `COLUMNS`. */
function valuesOf(workspaceId: string, { cube, start, values, sums }: StatsCell): unknown[] {
  const row: unknown[] = [workspaceId, cube, start]
  for (const dimension of DIMENSIONS) row.push(values[dimension])
  row.push(OUTCOMES.reduce((calls, outcome) => calls + sums.outcomes[outcome], 0))
  for (const outcome of OUTCOMES) row.push(nullIfNone(sums.outcomes[outcome]))
  row.push(sums.bytesIn, sums.bytesOut)
  for (const name of TIMINGS) row.push(sums.timings[name].sumUs)
  for (const name of TIMINGS) for (const count of sums.timings[name].counts) row.push(nullIfNone(count))
  return row
}

function nullIfNone(count: number): number | null {
  return count === 0 ? null : count
}
