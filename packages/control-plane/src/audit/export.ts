import type { AuditRow } from '../model/audit-row.ts'
import type { AuditStore } from '../model/stores.ts'
import { readRows } from './chain.ts'

const PIECE_LENGTH = 64 * 1024

const COLUMNS = [
  'seq',
  'time',
  'kind',
  'workspaceId',
  'tokenId',
  'member',
  'role',
  'client',
  'era',
  'method',
  'server',
  'tool',
  'shownAs',
  'outcome',
  'reason',
  'latencyMs',
  'upstreamMs',
  'bytesIn',
  'bytesOut',
  'requestId',
  'traceId',
  'contentDigest',
  'hash',
] as const satisfies readonly (keyof AuditRow)[]

/** What to export: all rows, or those that began in a span of time. */
export interface ExportRange {
  workspaceId: string
  /** Inclusive, Unix milliseconds. */
  from?: number
  /** Exclusive, Unix milliseconds. */
  to?: number
}

/** A workspace's log, oldest first, one JSON object a line; the whole of it can be verified elsewhere. */
export function exportJsonLines(store: AuditStore, range: ExportRange): AsyncGenerator<string> {
  return inPieces(rowsIn(store, range), (row) => `${JSON.stringify(row)}\n`)
}

/** A workspace's log, oldest first, as RFC 4180 with a header line; times are ISO 8601 in UTC. */
export async function* exportCsv(store: AuditStore, range: ExportRange): AsyncGenerator<string> {
  yield line(COLUMNS)
  yield* inPieces(rowsIn(store, range), (row) => line(COLUMNS.map((column) => cell(row, column))))
}

/** Many rows at a time: each piece has a long way to go, through streams and sockets. */
async function* inPieces(
  rows: AsyncIterable<AuditRow>,
  lineOf: (row: AuditRow) => string,
): AsyncGenerator<string> {
  let piece = ''
  for await (const row of rows) {
    piece += lineOf(row)
    if (piece.length < PIECE_LENGTH) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

async function* rowsIn(store: AuditStore, { workspaceId, from = 0, to = Infinity }: ExportRange) {
  const older = await store.lastBefore(workspaceId, from)
  for await (const row of readRows(store, workspaceId, older)) {
    if (row.time >= from && row.time < to) yield row
  }
}

function cell(row: AuditRow, column: (typeof COLUMNS)[number]): string {
  if (column === 'time') return new Date(row.time).toISOString()
  return String(row[column] ?? '')
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`
}

/** Nearly every cell: nothing in it that anybody reads as more than text. */
const PLAIN = /^(?:[A-Za-z0-9][\w.:-]*)?$/

function quoted(text: string): string {
  if (PLAIN.test(text)) return text
  const safe = defused(text.replaceAll(/\p{Cc}/gu, '\ufffd'))
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/**
 * A spreadsheet would run a cell that begins like a formula; the apostrophe makes it text. Some look behind white
 * space, quotes and characters that cannot be seen, and read wide forms like plain ones.
 */
function defused(text: string): string {
  return /^[\s"'`\p{C}\ufffd]*[=+\-@\uff0b\uff0d\uff1d\uff20]/u.test(text) || /^\ufffd/.test(text)
    ? `'${text}`
    : text
}
