import type { Selectable } from 'kysely'
import { z } from 'zod'
import {
  type HostedTarget,
  type OpenApiTarget,
  PACKAGE_REGISTRIES,
  type RemoteTarget,
  type Server,
  type ServerOrigin,
  type ToolSelection,
} from '../model/server.ts'
import type { ServerStore } from '../model/stores.ts'
import { countRows } from './count-rows.ts'
import { writeCredential } from './credentials.ts'
import { type Database, write } from './database.ts'
import { requireFound } from './found.ts'
import { parseStoredJson } from './stored-json.ts'
import type { Tables } from './tables.ts'
import { refusing, violationIn } from './violation.ts'

const TARGET: z.ZodType<RemoteTarget | HostedTarget | OpenApiTarget> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('remote'),
    url: z.string(),
    transport: z.enum(['streamable-http', 'sse', 'auto']),
    headers: z.record(z.string(), z.string()),
    oauth: z
      .strictObject({
        client: z.enum(['dynamic', 'pre-registered']),
        scopes: z.array(z.string()).exactOptional(),
      })
      .exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('hosted'),
    command: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
    network: z.enum(['filtered', 'open', 'none']).exactOptional(),
    opens: z.array(z.string()).exactOptional(),
    package: z
      .strictObject({
        registryType: z.enum(PACKAGE_REGISTRIES),
        identifier: z.string(),
        version: z.string().exactOptional(),
      })
      .exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('openapi'),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    credentials: z.array(z.array(z.string())),
  }),
])

const ORIGIN: z.ZodType<ServerOrigin> = z.strictObject({
  entry: z.string(),
  deployment: z.string(),
  version: z.string(),
  address: z.string().exactOptional(),
  values: z.record(z.string(), z.string()),
})

const TOOL_SELECTION: z.ZodType<ToolSelection> = z.strictObject({
  allow: z.array(z.string()).exactOptional(),
  deny: z.array(z.string()).exactOptional(),
})

export function createServerStore(database: Database): ServerStore {
  const { kysely } = database
  return {
    create: (server, plan, credential) =>
      refusing({ taken: nameTaken(server), missing: 'This workspace does not exist any more.' }, () =>
        write(database, async (transaction, announce) => {
          await transaction.insertInto('servers').values(asRow(server)).execute()
          if (plan !== undefined)
            await transaction.insertInto('serverPlans').values({ serverId: server.id, plan }).execute()
          if (credential !== undefined) await writeCredential(transaction, announce, credential)
          announce({ kind: 'server', workspaceId: server.workspaceId, id: server.id })
        }),
      ),

    async all(workspaceId) {
      const rows = await kysely
        .selectFrom('servers')
        .selectAll()
        .where('workspaceId', '=', workspaceId)
        .orderBy('name')
        .execute()
      return rows.map(asServer)
    },

    async byName(workspaceId, name) {
      const row = await kysely
        .selectFrom('servers')
        .selectAll()
        .where('workspaceId', '=', workspaceId)
        .where('name', '=', name)
        .executeTakeFirst()
      return row && asServer(row)
    },

    update: (server, credential) =>
      refusing({ taken: nameTaken(server) }, () =>
        write(database, async (transaction, announce) => {
          const { id, workspaceId, createdAt: _, ...replaced } = asRow(server)
          const before = await transaction
            .selectFrom('servers')
            .select('target')
            .where('id', '=', id)
            .executeTakeFirst()
          const { numUpdatedRows } = await transaction
            .updateTable('servers')
            .set(replaced)
            .where('id', '=', id)
            .where('workspaceId', '=', workspaceId)
            .executeTakeFirst()
          requireFound(numUpdatedRows, 'server')
          // What was found out was said of the old target.
          if (before?.target !== replaced.target) {
            await transaction.deleteFrom('serverVerdicts').where('serverId', '=', id).execute()
            await transaction.deleteFrom('serverOffers').where('serverId', '=', id).execute()
          }
          if (credential !== undefined) await writeCredential(transaction, announce, credential)
          announce({ kind: 'server', workspaceId, id })
        }),
      ),

    remove: (id) =>
      write(database, async (transaction, announce) => {
        // The lock keeps another replica from giving a credential to a server that is going.
        const server = await transaction
          .selectFrom('servers')
          .select('workspaceId')
          .where('id', '=', id)
          .$if(database.dialect === 'postgres', (query) => query.forUpdate())
          .executeTakeFirst()
        if (server === undefined) return
        const { numDeletedRows } = await transaction
          .deleteFrom('credentials')
          .where('serverId', '=', id)
          .executeTakeFirst()
        // The verdict goes with its server.
        await transaction.deleteFrom('servers').where('id', '=', id).execute()
        if (numDeletedRows > 0n) announce({ kind: 'credential', workspaceId: server.workspaceId, id })
        announce({ kind: 'server', workspaceId: server.workspaceId, id })
      }),

    count: () => countRows(database, 'servers'),

    async plan(serverId) {
      const found = await kysely
        .selectFrom('serverPlans')
        .select('plan')
        .where('serverId', '=', serverId)
        .executeTakeFirst()
      return found?.plan
    },

    verdict: (serverId) =>
      kysely.selectFrom('serverVerdicts').selectAll().where('serverId', '=', serverId).executeTakeFirst(),

    async saveVerdict(verdict) {
      const { serverId: _, ...found } = verdict
      await ofServer(
        kysely
          .insertInto('serverVerdicts')
          .values(verdict)
          .onConflict((conflict) => conflict.column('serverId').doUpdateSet(found))
          .execute(),
      )
    },

    async lastOffer(serverId) {
      const found = await kysely
        .selectFrom('serverOffers')
        .select('offer')
        .where('serverId', '=', serverId)
        .executeTakeFirst()
      return found?.offer
    },

    async saveLastOffer(serverId, offer) {
      await ofServer(
        kysely
          .insertInto('serverOffers')
          .values({ serverId, offer })
          .onConflict((conflict) => conflict.column('serverId').doUpdateSet({ offer }))
          .execute(),
      )
    },
  }
}

/** What was found out about a server that was removed meanwhile interests nobody. */
async function ofServer(saving: Promise<unknown>): Promise<void> {
  await saving.catch((error: unknown) => {
    if (violationIn(error) !== 'missing_parent') throw error
  })
}

function nameTaken(server: Server): string {
  return `This workspace already has a server "${server.name}".`
}

function asRow(server: Server): Selectable<Tables['servers']> {
  return {
    ...server,
    pin: server.pin ?? null,
    origin: server.origin === undefined ? null : JSON.stringify(server.origin),
    target: JSON.stringify(server.target),
    tools: JSON.stringify(server.tools),
    enabled: server.enabled ? 1 : 0,
  }
}

function asServer(row: Selectable<Tables['servers']>): Server {
  const { pin, origin, ...rest } = row
  return {
    ...rest,
    ...(pin !== null && { pin }),
    ...(origin !== null && { origin: parseStoredJson(ORIGIN, origin, 'servers.origin') }),
    target: parseStoredJson(TARGET, row.target, 'servers.target'),
    tools: parseStoredJson(TOOL_SELECTION, row.tools, 'servers.tools'),
    enabled: row.enabled === 1,
  }
}
