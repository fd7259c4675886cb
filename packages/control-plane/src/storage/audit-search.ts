import { setImmediate } from 'node:timers/promises'
import type { Selectable } from 'kysely'
import type { AuditRow } from '../model/audit-row.ts'
import type { AuditFilter, AuditStore } from '../model/stores.ts'
import type { Database } from './database.ts'
import { pageOf, parsePageRequest, SEQ_POSITION } from './pages.ts'
import type { Tables } from './tables.ts'
import { withoutNulls } from './without-nulls.ts'

// A step of this many rows takes SQLite a few milliseconds, the longest a search may hold up everyone's calls.
const FIRST_STEP_ROWS = 1_000
const MAX_STEP_ROWS = 8_000

const EQUALITIES = ['server', 'tool', 'member', 'tokenId', 'outcome', 'kind'] as const

/**
 * Searches from the newest row down in bounded steps, letting calls through between them. So no filter needs an
 * index, which every append would have to pay for: a common value fills its page in the first steps, a rare one
 * costs a walk along the chain that stalls nobody. `from` ends the walk early, by the index on `latestTime`.
 */
export function createAuditSearch(database: Database): AuditStore['search'] {
  return async (filter, page) => {
    const { limit, after } = parsePageRequest(page, SEQ_POSITION)
    const oldest = await oldestSeq(database, filter)
    // A made-up cursor far beyond the end must not make us walk there.
    let end = Math.min(after?.[0] ?? Infinity, await endOfChain(database, filter.workspaceId))
    let stepRows = FIRST_STEP_ROWS
    const found: AuditRow[] = []
    while (oldest !== undefined && end > oldest && found.length <= limit) {
      const start = Math.max(oldest, end - stepRows)
      found.push(...(await matchesBetween(database, filter, { start, end, limit: limit + 1 - found.length })))
      end = start
      stepRows = Math.min(stepRows * 2, MAX_STEP_ROWS)
      await setImmediate()
    }
    return pageOf(found, limit, ({ seq }) => [seq])
  }
}

export function asAuditRow(stored: Selectable<Tables['auditRows']>): AuditRow {
  const { latestTime: _, ...row } = withoutNulls(stored)
  return row
}

/** The first row that can have begun at `from` or later. */
async function oldestSeq({ kysely }: Database, filter: AuditFilter): Promise<number | undefined> {
  const rows = kysely
    .selectFrom('auditRows')
    .select('seq')
    .where('workspaceId', '=', filter.workspaceId)
    .limit(1)
  const oldest =
    filter.from === undefined
      ? rows.orderBy('seq')
      : rows.where('latestTime', '>=', filter.from).orderBy('latestTime').orderBy('seq')
  return (await oldest.executeTakeFirst())?.seq
}

async function endOfChain({ kysely }: Database, workspaceId: string): Promise<number> {
  const head = await kysely
    .selectFrom('auditHeads')
    .select('seq')
    .where('workspaceId', '=', workspaceId)
    .executeTakeFirst()
  return (head?.seq ?? 0) + 1
}

interface Step {
  /** Inclusive. */
  start: number
  /** Exclusive. */
  end: number
  limit: number
}

async function matchesBetween({ kysely }: Database, filter: AuditFilter, step: Step): Promise<AuditRow[]> {
  let query = kysely
    .selectFrom('auditRows')
    .selectAll()
    .where('workspaceId', '=', filter.workspaceId)
    .where('seq', '>=', step.start)
    .where('seq', '<', step.end)
  for (const column of EQUALITIES) {
    const value = filter[column]
    if (value !== undefined) query = query.where(({ eb, ref, val }) => eb(ref(column), '=', val(value)))
  }
  if (filter.from !== undefined) query = query.where('time', '>=', filter.from)
  if (filter.to !== undefined) query = query.where('time', '<', filter.to)
  const rows = await query.orderBy('seq', 'desc').limit(step.limit).execute()
  return rows.map(asAuditRow)
}
