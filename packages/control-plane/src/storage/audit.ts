import { setImmediate } from 'node:timers/promises'
import type { AuditStore } from '../model/stores.ts'
import { compileAppend, createAuditAppend } from './audit-append.ts'
import { createAuditPruning } from './audit-pruning.ts'
import { asAuditRow, createAuditSearch } from './audit-search.ts'
import type { Database } from './database.ts'

const EMPTY_CHAIN = { seq: 0, hash: '' }

export function createAuditStore(database: Database): AuditStore {
  const { kysely } = database
  const appendIn = compileAppend(database)
  return {
    append: createAuditAppend(database, appendIn),
    ...createAuditPruning(database, appendIn),

    search: createAuditSearch(database),

    async read(workspaceId, afterSeq, limit) {
      const rows = await kysely
        .selectFrom('auditRows')
        .selectAll()
        .where('workspaceId', '=', workspaceId)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute()
      // Whoever reads a long log reads page after page: calls get their turn between them.
      if (rows.length === limit) await setImmediate()
      return rows.map(asAuditRow)
    },

    async content(workspaceId, seq) {
      const found = await kysely
        .selectFrom('auditContents')
        .selectAll()
        .where('workspaceId', '=', workspaceId)
        .where('seq', '=', seq)
        .executeTakeFirst()
      return (
        found && {
          arguments: { text: found.arguments, cut: found.argumentsCut !== 0 },
          result: { text: found.result, cut: found.resultCut !== 0 },
        }
      )
    },

    heads: () => kysely.selectFrom('auditHeads').select(['workspaceId', 'seq', 'hash']).execute(),

    async head(workspaceId) {
      const head = await kysely
        .selectFrom('auditHeads')
        .select(['seq', 'hash'])
        .where('workspaceId', '=', workspaceId)
        .executeTakeFirst()
      return head ?? EMPTY_CHAIN
    },
  }
}
