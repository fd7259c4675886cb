import type { Selectable, Transaction, Updateable } from 'kysely'
import { z } from 'zod'
import type { WorkspaceStore } from '../model/stores.ts'
import type { AuditSettings, Workspace } from '../model/workspace.ts'
import { countRows } from './count-rows.ts'
import { type Announce, type Database, write } from './database.ts'
import { requireFound } from './found.ts'
import { NAME_POSITION, pageOf, parsePageRequest } from './pages.ts'
import { parseStoredJson } from './stored-json.ts'
import type { Tables } from './tables.ts'
import { refusing } from './violation.ts'

const AUDIT_SETTINGS: z.ZodType<AuditSettings> = z.strictObject({
  capture: z.boolean(),
  retentionDays: z.number().exactOptional(),
})

export function createWorkspaceStore(database: Database): WorkspaceStore {
  const { kysely } = database

  const update = (id: string, change: Updateable<Tables['workspaces']>) =>
    write(database, async (transaction, announce) => {
      const { numUpdatedRows } = await transaction
        .updateTable('workspaces')
        .set(change)
        .where('id', '=', id)
        .executeTakeFirst()
      requireFound(numUpdatedRows, 'workspace')
      announce({ kind: 'workspace', workspaceId: id, id })
    })

  async function find(column: 'id' | 'slug', value: string): Promise<Workspace | undefined> {
    const row = await kysely.selectFrom('workspaces').selectAll().where(column, '=', value).executeTakeFirst()
    return row && asWorkspace(row)
  }

  return {
    create: (workspace) =>
      refusing({ taken: `There is already a workspace "${workspace.slug}".` }, () =>
        write(database, async (transaction, announce) => {
          await transaction.insertInto('workspaces').values(asRow(workspace)).execute()
          announce({ kind: 'workspace', workspaceId: workspace.id, id: workspace.id })
        }),
      ),

    async list(page) {
      const { limit, after } = parsePageRequest(page, NAME_POSITION)
      let query = kysely.selectFrom('workspaces').selectAll().orderBy('slug')
      if (after !== undefined) query = query.where('slug', '>', after[0])
      const found = await query.limit(limit + 1).execute()
      return pageOf(found.map(asWorkspace), limit, ({ slug }) => [slug])
    },

    bySlug: (slug) => find('slug', slug),

    byId: (id) => find('id', id),

    rename: (id, name) => update(id, { name }),

    configureAudit: (id, audit) => update(id, { audit: JSON.stringify(audit) }),

    remove: (id) =>
      write(database, async (transaction, announce) => {
        // The lock keeps another replica from adding something to a workspace that is going.
        const found = await transaction
          .selectFrom('workspaces')
          .select('id')
          .where('id', '=', id)
          .$if(database.dialect === 'postgres', (query) => query.forUpdate())
          .executeTakeFirst()
        if (found === undefined) return
        await removeContents(transaction, id, announce)
        await transaction.deleteFrom('workspaces').where('id', '=', id).execute()
        announce({ kind: 'workspace', workspaceId: id, id })
      }),

    count: () => countRows(database, 'workspaces'),
  }
}

function asRow({ audit, ...workspace }: Workspace): Tables['workspaces'] {
  return { ...workspace, audit: audit === undefined ? null : JSON.stringify(audit) }
}

function asWorkspace({ audit, ...workspace }: Selectable<Tables['workspaces']>): Workspace {
  if (audit === null) return workspace
  return { ...workspace, audit: parseStoredJson(AUDIT_SETTINGS, audit, 'workspaces.audit') }
}

async function removeContents(
  transaction: Transaction<Tables>,
  workspaceId: string,
  announce: Announce,
): Promise<void> {
  await transaction.deleteFrom('invites').where('workspaceId', '=', workspaceId).execute()
  const tokens = await transaction
    .deleteFrom('tokens')
    .where('workspaceId', '=', workspaceId)
    .returning('hash')
    .execute()
  const credentials = await transaction
    .deleteFrom('credentials')
    .where('workspaceId', '=', workspaceId)
    .returning('serverId')
    .execute()
  const servers = await transaction
    .deleteFrom('servers')
    .where('workspaceId', '=', workspaceId)
    .returning('id')
    .execute()
  await transaction.deleteFrom('wrappedKeys').where('name', '=', `workspace:${workspaceId}`).execute()

  for (const { hash } of tokens) announce({ kind: 'token', workspaceId, id: hash })
  for (const { serverId } of credentials) announce({ kind: 'credential', workspaceId, id: serverId })
  for (const { id } of servers) announce({ kind: 'server', workspaceId, id })
}
