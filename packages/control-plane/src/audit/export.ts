import type { AuditRow } from '../model/audit-row.ts'
import type { AuditStore } from '../model/stores.ts'
import { readRows } from './chain.ts'

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
  'hash',
] as const satisfies readonly (keyof AuditRow)[]

/** A workspace's log, oldest first, one JSON object a line, complete enough to verify the chain elsewhere. */
export async function* exportJsonLines(store: AuditStore, workspaceId: string): AsyncGenerator<string> {
  for await (const row of readRows(store, workspaceId)) yield `${JSON.stringify(row)}\n`
}

/** A workspace's log, oldest first, as RFC 4180 with a header line; times are ISO 8601 in UTC. */
export async function* exportCsv(store: AuditStore, workspaceId: string): AsyncGenerator<string> {
  yield line(COLUMNS)
  for await (const row of readRows(store, workspaceId)) yield line(COLUMNS.map((column) => cell(row, column)))
}

function cell(row: AuditRow, column: (typeof COLUMNS)[number]): string {
  if (column === 'time') return new Date(row.time).toISOString()
  return String(row[column] ?? '')
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`
}

function quoted(text: string): string {
  const safe = defused(text)
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A spreadsheet would run a cell that begins like a formula; the apostrophe makes it text. */
function defused(text: string): string {
  return /^[\s]*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/.test(text) ? `'${text}` : text
}
