// The thread in which SQLite reads what may take long. It asks and answers by messages alone; see sqlite-reader.ts.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const MAX_CACHED_STATEMENTS = 100

const { path } = workerData as { path: string }
const file = new DatabaseSync(path, { readOnly: true })
file.exec('pragma busy_timeout = 5000; pragma trusted_schema = off')
// What is read again and again, such as figures of the last weeks: 64 MiB of it instead of 2.
file.exec('pragma cache_size = -65536')
const statements = new Map<string, StatementSync>()

parentPort?.on('message', (message: { id: number; sql: string; parameters: SQLInputValue[] } | 'close') => {
  if (message === 'close') {
    file.close()
    parentPort?.close()
    return
  }
  const { id, sql, parameters } = message
  try {
    const statement = prepared(sql)
    const columns = statement.columns().map(({ name }) => name)
    parentPort?.postMessage({ id, columns, rows: statement.all(...parameters) })
  } catch (error) {
    parentPort?.postMessage({ id, error })
  }
})

/** Rows as lists: the names of their columns are sent once and not with each. */
function prepared(sql: string): StatementSync {
  const known = statements.get(sql)
  if (known !== undefined) return known
  const statement = file.prepare(sql)
  statement.setReturnArrays(true)
  if (statements.size >= MAX_CACHED_STATEMENTS) statements.clear()
  statements.set(sql, statement)
  return statement
}
