import { type Selectable, sql, type Transaction } from 'kysely'
import { GatewayError } from '../model/error.ts'
import type {
  Approval,
  ApprovedDefinition,
  ApprovedHashes,
  ChangedDefinition,
  SeenDefinition,
} from '../model/pin.ts'
import type { PinStore } from '../model/stores.ts'
import { type Database, write } from './database.ts'
import type { Tables } from './tables.ts'
import { withoutNulls } from './without-nulls.ts'

/** A statement takes no more than about 30,000 values. */
const ROWS_AT_ONCE = 1_000

// A server that lists other tools each time it is asked must not fill the disk.
const MAX_RECORDED = 20_000
const MAX_RECORDED_BYTES = 64 * 1024 * 1024

export function createPinStore(database: Database): PinStore {
  const { kysely } = database
  return {
    async ofWorkspace(workspaceId) {
      const [pins, credentials] = await Promise.all([
        kysely
          .selectFrom('toolPins')
          .innerJoin('servers', 'servers.id', 'toolPins.serverId')
          .select(['toolPins.serverId', 'toolPins.tool', 'toolPins.hash'])
          .where('servers.workspaceId', '=', workspaceId)
          .execute(),
        kysely.selectFrom('credentials').select('serverId').where('workspaceId', '=', workspaceId).execute(),
      ])
      const byServer = Map.groupBy(pins, ({ serverId }) => serverId)
      return {
        approved: new Map([...byServer].map(([serverId, rows]) => [serverId, hashesIn(rows)])),
        withCredential: new Set(credentials.map(({ serverId }) => serverId)),
      }
    },

    recordFirst: (serverId, seen, at) =>
      write(database, async (transaction) => {
        await holdServer(database, transaction, serverId)
        const known = await sizesOf(transaction, serverId)
        const tools = new Set(known.map(({ tool }) => tool))
        const fresh = seen.map(asStored).filter(({ tool }) => !tools.has(tool))
        for (const rows of chunks(withRoom(fresh, known))) {
          const values = rows.map((row) => ({
            ...row,
            serverId,
            firstSeenAt: at,
            approvedAt: at,
            approvedBy: null,
          }))
          await transaction.insertInto('toolPins').values(values).execute()
        }
        return hashesIn(await approvedRows(transaction, serverId))
      }),

    replaceChanges: (serverId, variant, seen, at) =>
      write(database, async (transaction) => {
        await holdServer(database, transaction, serverId)
        const approved = new Set((await approvedRows(transaction, serverId)).map(keyOf))
        const before = await transaction
          .selectFrom('toolChanges')
          .select(['variant', 'tool', 'hash', 'since'])
          .where('serverId', '=', serverId)
          .execute()
        const waiting = seen.map(asStored).filter((definition) => !approved.has(keyOf(definition)))
        const since = new Map(before.map((row) => [keyOf(row), row.since]))
        await transaction
          .deleteFrom('toolChanges')
          .where('serverId', '=', serverId)
          .where('variant', '=', variant)
          .execute()
        for (const rows of chunks(waiting)) {
          const values = rows.map((row) => ({
            ...row,
            serverId,
            variant,
            since: since.get(keyOf(row)) ?? at,
          }))
          await transaction.insertInto('toolChanges').values(values).execute()
        }
        return waiting.filter((definition) => !since.has(keyOf(definition))).map(({ tool }) => nameOf(tool))
      }),

    async ofServer(serverId) {
      const [approved, changed] = await Promise.all([
        kysely
          .selectFrom('toolPins')
          .selectAll()
          .where('serverId', '=', serverId)
          .orderBy('tool')
          .orderBy('approvedAt')
          .orderBy('hash')
          .execute(),
        kysely
          .selectFrom('toolChanges')
          .selectAll()
          .where('serverId', '=', serverId)
          .orderBy('tool')
          .orderBy('since')
          .orderBy('variant')
          .execute(),
      ])
      return { approved: approved.map(asApproved), changed: changed.map(asChanged) }
    },

    approve: ({ id: serverId, workspaceId }, approvals, by, at) =>
      write(database, async (transaction, announce) => {
        await holdServer(database, transaction, serverId)
        for (const approval of approvals) await approveOne(transaction, serverId, approval, by, at)
        announce({ kind: 'server', workspaceId, id: serverId })
      }),
  }
}

async function approveOne(
  transaction: Transaction<Tables>,
  serverId: string,
  { tool, hash }: Approval,
  by: string,
  at: number,
): Promise<void> {
  const [waiting] = await transaction
    .deleteFrom('toolChanges')
    .where('serverId', '=', serverId)
    .where('tool', '=', textOf(tool))
    .where('hash', '=', hash)
    .returning(['tool', 'hash', 'definition', 'since'])
    .execute()
  if (waiting === undefined) throw nothingWaits(tool)
  const { since, ...definition } = waiting
  await transaction
    .insertInto('toolPins')
    .values({ ...definition, serverId, firstSeenAt: since, approvedAt: at, approvedBy: by })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

function nothingWaits(tool: string): GatewayError {
  return new GatewayError(
    'conflict',
    `The definition with this hash of ${JSON.stringify(tool)} does not wait for approval.`,
    { fix: 'Look at the changes again: the server may have changed the tool once more.' },
  )
}

/** Of two who compare at the same time, the second must see what the first wrote. Throws `not_found` when it is gone. */
async function holdServer(
  { dialect }: Database,
  transaction: Transaction<Tables>,
  id: string,
): Promise<void> {
  const found = await transaction
    .selectFrom('servers')
    .select('id')
    .where('id', '=', id)
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()
  if (found === undefined) throw new GatewayError('not_found', 'This server does not exist any more.')
}

function approvedRows(transaction: Transaction<Tables>, serverId: string) {
  return transaction
    .selectFrom('toolPins')
    .select(['tool', 'hash'])
    .where('serverId', '=', serverId)
    .execute()
}

function sizesOf(transaction: Transaction<Tables>, serverId: string) {
  return transaction
    .selectFrom('toolPins')
    .select(['tool', sql<number>`octet_length(definition)`.as('bytes')])
    .where('serverId', '=', serverId)
    .execute()
}

/** What there is room for beside what is known. */
function withRoom(fresh: readonly SeenDefinition[], known: readonly { bytes: number }[]): SeenDefinition[] {
  let count = known.length
  let bytes = known.reduce((sum, row) => sum + row.bytes, 0)
  return fresh.filter(({ definition }) => {
    count += 1
    bytes += Buffer.byteLength(definition)
    return count <= MAX_RECORDED && bytes <= MAX_RECORDED_BYTES
  })
}

function hashesIn(rows: readonly { tool: string; hash: string }[]): ApprovedHashes {
  const byTool = Map.groupBy(rows, ({ tool }) => nameOf(tool))
  return new Map([...byTool].map(([tool, found]) => [tool, new Set(found.map(({ hash }) => hash))]))
}

function keyOf({ tool, hash }: { tool: string; hash: string }): string {
  return `${hash} ${tool}`
}

function chunks<T>(rows: readonly T[]): T[][] {
  const count = Math.ceil(rows.length / ROWS_AT_ONCE)
  return Array.from({ length: count }, (_, at) => rows.slice(at * ROWS_AT_ONCE, (at + 1) * ROWS_AT_ONCE))
}

/** A tool's name as JSON writes it: PostgreSQL takes no NUL, and neither database half of a surrogate pair. */
function textOf(tool: string): string {
  return JSON.stringify(tool).slice(1, -1)
}

function nameOf(text: string): string {
  return String(JSON.parse(`"${text}"`))
}

function asStored({ tool, hash, definition }: SeenDefinition): SeenDefinition {
  return { tool: textOf(tool), hash, definition }
}

function asApproved({ serverId: _, ...row }: Selectable<Tables['toolPins']>): ApprovedDefinition {
  return { ...withoutNulls(row), tool: nameOf(row.tool) }
}

function asChanged({ serverId: _, ...row }: Selectable<Tables['toolChanges']>): ChangedDefinition {
  return { ...row, tool: nameOf(row.tool) }
}
