import { setImmediate } from 'node:timers/promises'
import type { AuditStore } from '../model/stores.ts'
import type { AppendIn } from './audit-append.ts'
import { type Database, write } from './database.ts'
import { refusing } from './violation.ts'

type Pruning = Pick<AuditStore, 'segments' | 'lastBefore' | 'seal' | 'deleteRows'>

/** How old rows go: noted first, then deleted a few at a time. */
export function createAuditPruning(database: Database, appendIn: AppendIn): Pruning {
  const { kysely } = database
  return {
    segments: (workspaceId) =>
      kysely
        .selectFrom('auditSegments')
        .selectAll()
        .where('workspaceId', '=', workspaceId)
        .orderBy('fromSeq')
        .execute(),

    async lastBefore(workspaceId, time) {
      // `latestTime` never falls along the chain, so this is the end of what is older, by the index on it.
      const last = await kysely
        .selectFrom('auditRows')
        .select('seq')
        .where('workspaceId', '=', workspaceId)
        .where('latestTime', '<', time)
        .orderBy('latestTime', 'desc')
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst()
      return last?.seq ?? 0
    },

    seal: (segment, entry, link) =>
      refusing({ taken: 'These rows were sealed already.' }, () =>
        write(database, async (transaction, announce) => {
          await transaction.insertInto('auditSegments').values(segment).execute()
          await appendIn(transaction, announce, [entry], link)
        }),
      ),

    async deleteRows(workspaceId, toSeq, limit) {
      const first = await kysely
        .selectFrom('auditRows')
        .select('seq')
        .where('workspaceId', '=', workspaceId)
        .orderBy('seq')
        .limit(1)
        .executeTakeFirst()
      if (first === undefined || first.seq > toSeq) return false
      const end = Math.min(toSeq, first.seq + limit - 1)
      await write(database, async (transaction) => {
        for (const table of ['auditContents', 'auditRows'] as const) {
          await transaction
            .deleteFrom(table)
            .where('workspaceId', '=', workspaceId)
            .where('seq', '<=', end)
            .execute()
        }
      })
      await setImmediate()
      return end < toSeq
    },
  }
}
