import type { LogRow } from '../../api/shapes.ts'
import type { AuditSearch } from '../audit/search.ts'

export type LiveFilter = Pick<AuditSearch, 'server' | 'member' | 'outcome' | 'kind'>

/** Whether a row is one that is looked for. */
export function matches(row: LogRow, { server, member, outcome, kind }: LiveFilter): boolean {
  return (
    (server === undefined || row.server === server) &&
    (member === undefined || row.member === member) &&
    (outcome === undefined || row.outcome === outcome) &&
    (kind === undefined || row.kind === kind)
  )
}
