import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Insertable } from 'kysely'
import { blockOf, type LogIndexStore, SHAPE_FIELDS, type Shape, type ShapeRun } from '../model/log-index.ts'
import { type Database, write } from './database.ts'
import type { Tables } from './tables.ts'

// Some milliseconds of SQLite's time: the longest that calls wait for it.
const RUNS_AT_ONCE = 150
const SHAPES_AT_ONCE = 200

const ANY_SHAPE: Shape = {
  kind: null,
  tokenId: null,
  member: null,
  server: null,
  tool: null,
  outcome: null,
  client: null,
  shownAs: null,
  reason: null,
}

/**
 * Which rows are in which block, by what they have in common: a list of shapes, and for each shape the blocks that have it.
 * A search looks at the shapes first, which are few, and then only into blocks that hold what it is after.
 */
export function createLogIndexStore(database: Database): LogIndexStore {
  const { kysely } = database

  return {
    async nextBlock(workspaceId) {
      const last = await kysely
        .selectFrom('auditBlocks')
        .select('block')
        .where('workspaceId', '=', workspaceId)
        .orderBy('block', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (last !== undefined) return last.block + 1
      const oldest = await kysely
        .selectFrom('auditRows')
        .select('seq')
        .where('workspaceId', '=', workspaceId)
        .orderBy('seq')
        .limit(1)
        .executeTakeFirst()
      return blockOf(oldest?.seq ?? 1)
    },

    async addBlock(workspaceId, { runs, ...rest }) {
      for (let done = 0; done < runs.length; done += RUNS_AT_ONCE) {
        await addRuns(workspaceId, rest.block, runs.slice(done, done + RUNS_AT_ONCE))
        await setImmediate()
      }
      await kysely
        .insertInto('auditBlocks')
        .values({ workspaceId, ...rest })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },

    async prune(workspaceId, toSeq) {
      const block = blockOf(toSeq + 1) - 1
      const { numDeletedRows } = await kysely
        .deleteFrom('auditBlocks')
        .where('workspaceId', '=', workspaceId)
        .where('block', '<=', block)
        .executeTakeFirst()
      if (numDeletedRows === 0n) return
      let after: string | undefined = ''
      while (after !== undefined) {
        after = await pruneShapes(workspaceId, block, after)
        await setImmediate()
      }
    },
  }

  function addRuns(workspaceId: string, block: number, runs: readonly ShapeRun[]): Promise<void> {
    const named = runs
      .map(({ shape, ...run }) => ({ shape, run, shapeId: shapeId(shape) }))
      .sort((a, b) => (a.shapeId < b.shapeId ? -1 : 1))
    const shapes = named.map(({ shape, shapeId }): Insertable<Tables['auditShapes']> => {
      return { workspaceId, id: shapeId, anything: shape === undefined ? 1 : 0, ...(shape ?? ANY_SHAPE) }
    })
    return write(database, async (transaction) => {
      await transaction
        .insertInto('auditShapes')
        .values(shapes)
        // Changes nothing but locks the row, so that nobody takes the shape away before its run is there.
        .onConflict((conflict) =>
          conflict
            .columns(['workspaceId', 'id'])
            .doUpdateSet({ anything: ({ ref }) => ref('excluded.anything') }),
        )
        .execute()
      await transaction
        .insertInto('auditRuns')
        .values(named.map(({ run, shapeId }) => ({ workspaceId, shapeId, block, ...run })))
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
  }

  /** Forgets the runs of some shapes, and those that have no others; gives the last of them, undefined at the end. */
  async function pruneShapes(workspaceId: string, block: number, after: string): Promise<string | undefined> {
    const shapes = await kysely
      .selectFrom('auditShapes')
      .select('id')
      .where('workspaceId', '=', workspaceId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(SHAPES_AT_ONCE)
      .execute()
    if (shapes.length === 0) return undefined
    const ids = shapes.map(({ id }) => id)
    await write(database, async (transaction) => {
      if (database.dialect === 'postgres') {
        const locked = transaction
          .selectFrom('auditShapes')
          .select('id')
          .where('workspaceId', '=', workspaceId)
        await locked.where('id', 'in', ids).orderBy('id').forUpdate().execute()
      }
      await transaction
        .deleteFrom('auditRuns')
        .where('workspaceId', '=', workspaceId)
        .where('shapeId', 'in', ids)
        .where('block', '<=', block)
        .execute()
      await transaction
        .deleteFrom('auditShapes')
        .where('workspaceId', '=', workspaceId)
        .where('id', 'in', ids)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('auditRuns')
                .select('block')
                .where('auditRuns.workspaceId', '=', workspaceId)
                .whereRef('auditRuns.shapeId', '=', 'auditShapes.id'),
            ),
          ),
        )
        .execute()
    })
    return ids.at(-1)
  }
}

/** The same in every process, so that none has to ask another which shape is which. */
function shapeId(shape: Shape | undefined): string {
  const fields = shape === undefined ? 'any' : SHAPE_FIELDS.map((field) => shape[field])
  return createHash('sha256').update(JSON.stringify(fields)).digest().toString('base64url', 0, 16)
}
