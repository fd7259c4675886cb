import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { CredentialRecord } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { CredentialStore } from '../model/stores.ts'
import { type Database, write } from './database.ts'
import { parseStoredJson } from './stored-json.ts'
import type { Tables } from './tables.ts'
import { refusing } from './violation.ts'

const NAMES = z.array(z.string())
const CHANGED_MEANWHILE = 'This credential was changed by someone else meanwhile.'
const SERVER_MISSING = 'The server of this credential does not exist any more.'

export function createCredentialStore(database: Database): CredentialStore {
  const { kysely } = database
  return {
    put: (record, kind = 'credential') =>
      refusing({ taken: CHANGED_MEANWHILE, missing: SERVER_MISSING }, () =>
        write(database, async (transaction, announce) => {
          const row = { ...record, names: JSON.stringify(record.names) }
          if (record.version === 1) {
            await transaction.insertInto('credentials').values(row).execute()
          } else {
            const { numUpdatedRows } = await transaction
              .updateTable('credentials')
              .set(row)
              .where('serverId', '=', record.serverId)
              .where('workspaceId', '=', record.workspaceId)
              .where('version', '=', record.version - 1)
              .executeTakeFirst()
            if (numUpdatedRows === 0n) throw new GatewayError('conflict', CHANGED_MEANWHILE)
          }
          announce({ kind, workspaceId: record.workspaceId, id: record.serverId })
        }),
      ),

    async byServer(serverId) {
      const row = await kysely
        .selectFrom('credentials')
        .selectAll()
        .where('serverId', '=', serverId)
        .executeTakeFirst()
      return row && asRecord(row)
    },

    async all(workspaceId) {
      let query = kysely.selectFrom('credentials').selectAll().orderBy('serverId')
      if (workspaceId !== undefined) query = query.where('workspaceId', '=', workspaceId)
      const rows = await query.execute()
      return rows.map(asRecord)
    },

    remove: (serverId) =>
      write(database, async (transaction, announce) => {
        const removed = await transaction
          .deleteFrom('credentials')
          .where('serverId', '=', serverId)
          .returning('workspaceId')
          .executeTakeFirst()
        if (removed) announce({ kind: 'credential', workspaceId: removed.workspaceId, id: serverId })
      }),
  }
}

function asRecord(row: Selectable<Tables['credentials']>): CredentialRecord {
  return {
    ...row,
    names: parseStoredJson(NAMES, row.names, 'credentials.names'),
    // Plain bytes on both databases: pg hands out Buffers.
    sealed: Uint8Array.from(row.sealed),
  }
}
