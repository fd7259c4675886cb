import type { Transaction } from 'kysely'
import type { CountedRow, StatsStore } from '../model/call-stats.ts'
import { compileAddCells } from './call-stats-cells.ts'
import { askSums } from './call-stats-query.ts'
import { type Database, write } from './database.ts'
import type { Tables } from './tables.ts'

/** The figures of calls, added up cell by cell. */
export function createStatsStore(database: Database): StatsStore {
  const { kysely, reader } = database
  const addCells = compileAddCells(database)
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
        await addCells(transaction, workspaceId, cells)
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
