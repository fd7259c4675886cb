import type { CompiledQuery, QueryResult, Transaction } from 'kysely'
import type { AuditEntry, AuditRow, CallContent } from '../model/audit-row.ts'
import type { AuditStore, LinkRow } from '../model/stores.ts'
import { type Announce, type Database, write } from './database.ts'
import type { Tables } from './tables.ts'

type Head = Omit<Tables['auditHeads'], 'workspaceId'>
type Column = keyof Tables['auditRows']

/** An entry and where the caller had it. */
interface PlacedEntry {
  place: number
  entry: AuditEntry
}

/** A row, where it belongs in the answer, and the running maximum of times that is stored beside it. */
interface LinkedRow {
  place: number
  row: AuditRow
  latestTime: number
  content: CallContent | undefined
}

// Every append is made of these statements, so each is compiled and prepared only once.
const ROWS_PER_STATEMENT = [64, 16, 4, 1] as const

const COLUMNS = [
  'workspaceId',
  'seq',
  'latestTime',
  'time',
  'kind',
  'tokenId',
  'member',
  'server',
  'tool',
  'outcome',
  'role',
  'client',
  'era',
  'method',
  'shownAs',
  'reason',
  'latencyMs',
  'upstreamMs',
  'bytesIn',
  'bytesOut',
  'requestId',
  'traceId',
  'contentDigest',
  'hash',
] as const satisfies Column[]

/** Text that callers can have a say in. */
const FREE_TEXT = [
  'client',
  'member',
  'method',
  'server',
  'tool',
  'shownAs',
  'reason',
  'requestId',
  'traceId',
] as const

const EMPTY_HEAD: Head = { seq: 0, hash: '', latestTime: 0 }

/** Appends within a transaction that may do more. */
export type AppendIn = (
  transaction: Transaction<Tables>,
  announce: Announce,
  entries: readonly AuditEntry[],
  link: LinkRow,
) => Promise<AuditRow[]>

export function createAuditAppend(database: Database, appendIn: AppendIn): AuditStore['append'] {
  return (entries, link) =>
    write(database, (transaction, announce) => appendIn(transaction, announce, entries, link))
}

/** The hot path of storage: its statements are compiled here, and only get new parameters afterwards. */
export function compileAppend(database: Database): AppendIn {
  const statements = compileStatements(database)

  return async (transaction, announce, entries, link) => {
    const appended: AuditRow[] = []
    for (const [workspaceId, placed] of byWorkspace(entries)) {
      const head = await lockHead(statements, transaction, workspaceId)
      const linked = linkRows(placed, head, link)
      await insertRows(statements, transaction, linked)
      await insertContents(transaction, linked)
      await saveHead(statements, transaction, workspaceId, linked)
      for (const { place, row } of linked) appended[place] = row
      announce({ kind: 'audit', workspaceId, id: workspaceId })
    }
    return appended
  }
}

/** Sorted, so that two replicas never wait for each other's heads in opposite order. */
function byWorkspace(entries: readonly AuditEntry[]): [workspaceId: string, placed: PlacedEntry[]][] {
  const placed = entries.map((entry, place) => ({ place, entry }))
  const groups = [...Map.groupBy(placed, ({ entry }) => entry.workspaceId)]
  return groups.sort(([left], [right]) => (left < right ? -1 : 1))
}

function linkRows(placed: readonly PlacedEntry[], head: Head, link: LinkRow): LinkedRow[] {
  let { seq, hash, latestTime } = head
  return placed.map(({ place, entry }) => {
    seq += 1
    const { content, ...rest } = entry
    const row = withStorableText({ ...rest, seq })
    hash = link(hash, row)
    latestTime = Math.max(latestTime, entry.time)
    return { place, row: { ...row, hash }, latestTime, content }
  })
}

/**
 * PostgreSQL refuses NUL and neither database keeps half a surrogate pair. A caller must not be able to spoil
 * the transaction that holds other people's rows, nor make a row that reads back other than it was hashed.
 */
function withStorableText<T extends Omit<AuditEntry, 'content'>>(row: T): T {
  for (const column of FREE_TEXT) {
    const text = row[column]
    if (text === undefined || (text.isWellFormed() && !text.includes('\0'))) continue
    row[column] = text.toWellFormed().replaceAll('\0', '\u{fffd}')
  }
  return row
}

interface Statements {
  readHead: CompiledQuery<Head>
  addHead: CompiledQuery
  updateHead: CompiledQuery
  insert: { rows: number; query: CompiledQuery }[]
}

function compileStatements({ kysely, dialect }: Database): Statements {
  const newHead = { workspaceId: '', ...EMPTY_HEAD }
  // Only the columns' names reach the SQL; each run brings its own values.
  const blankRow = Object.fromEntries(COLUMNS.map((column) => [column, ''])) as unknown as Tables['auditRows']
  return {
    readHead: kysely
      .selectFrom('auditHeads')
      .select(['seq', 'hash', 'latestTime'])
      .where('workspaceId', '=', '')
      .$if(dialect === 'postgres', (query) => query.forUpdate())
      .compile(),
    addHead: kysely
      .insertInto('auditHeads')
      .values(newHead)
      .onConflict((conflict) => conflict.doNothing())
      .compile(),
    updateHead: kysely.updateTable('auditHeads').set(EMPTY_HEAD).where('workspaceId', '=', '').compile(),
    insert: ROWS_PER_STATEMENT.map((rows) => ({
      rows,
      query: kysely
        .insertInto('auditRows')
        .values(Array.from({ length: rows }, () => blankRow))
        .compile(),
    })),
  }
}

function run<Row>(
  transaction: Transaction<Tables>,
  compiled: CompiledQuery<Row>,
  parameters: readonly unknown[],
): Promise<QueryResult<Row>> {
  return transaction.executeQuery<Row>({ ...compiled, parameters })
}

/** Reads where the chain ends and, on PostgreSQL, keeps other replicas from it until the transaction is over. */
async function lockHead(
  statements: Statements,
  transaction: Transaction<Tables>,
  workspaceId: string,
): Promise<Head> {
  const found = await run(transaction, statements.readHead, [workspaceId])
  if (found.rows[0] !== undefined) return found.rows[0]
  const { seq, hash, latestTime } = EMPTY_HEAD
  await run(transaction, statements.addHead, [workspaceId, seq, hash, latestTime])
  // Another replica may have been first, and have appended already.
  const added = await run(transaction, statements.readHead, [workspaceId])
  return added.rows[0] ?? EMPTY_HEAD
}

async function saveHead(
  statements: Statements,
  transaction: Transaction<Tables>,
  workspaceId: string,
  linked: readonly LinkedRow[],
): Promise<void> {
  const last = linked.at(-1)
  if (last === undefined) return
  await run(transaction, statements.updateHead, [last.row.seq, last.row.hash, last.latestTime, workspaceId])
}

async function insertRows(
  statements: Statements,
  transaction: Transaction<Tables>,
  linked: readonly LinkedRow[],
): Promise<void> {
  let done = 0
  for (const { rows, query } of statements.insert) {
    for (; linked.length - done >= rows; done += rows) {
      await run(transaction, query, linked.slice(done, done + rows).flatMap(parametersOf))
    }
  }
}

async function insertContents(transaction: Transaction<Tables>, linked: readonly LinkedRow[]): Promise<void> {
  for (const { row, content } of linked) {
    if (content === undefined) continue
    const { workspaceId, seq } = row
    await transaction
      .insertInto('auditContents')
      .values({
        workspaceId,
        seq,
        arguments: content.arguments.text,
        argumentsCut: content.arguments.cut ? 1 : 0,
        result: content.result.text,
        resultCut: content.result.cut ? 1 : 0,
      })
      .execute()
  }
}

function parametersOf({ row, latestTime }: LinkedRow): unknown[] {
  return COLUMNS.map((column) => (column === 'latestTime' ? latestTime : (row[column] ?? null)))
}
