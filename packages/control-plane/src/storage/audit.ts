import type { AuditStore } from '../model/stores.ts'
import { createAuditAppend } from './audit-append.ts'
import { asAuditRow, createAuditSearch } from './audit-search.ts'
import type { Database } from './database.ts'

const EMPTY_CHAIN = { seq: 0, hash: '' }

export function createAuditStore(database: Database): AuditStore {
  const { kysely } = database
  return {
    append: createAuditAppend(database),

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
      return rows.map(asAuditRow)
    },

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
