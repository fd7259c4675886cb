import type { Selectable } from 'kysely'
import type { AuditRow } from '../model/audit-row.ts'
import { mayHoldId } from '../model/id-filter.ts'
import { BLOCK_ROWS, blockOf } from '../model/log-index.ts'
import type { AuditFilter, AuditStore } from '../model/stores.ts'
import { matchesShape, saysShape } from './audit-filter.ts'
import type { Database } from './database.ts'
import { pageOf, parsePageRequest, SEQ_POSITION } from './pages.ts'
import type { Tables } from './tables.ts'
import { withoutNulls } from './without-nulls.ts'

const FIRST_STEP_ROWS = 1_000
const MAX_STEP_ROWS = 8_000

// A search looks at few blocks first, where a common value fills its page, and at ever more for a rare one.
const FIRST_STEP_BLOCKS = 8
const STEP_GROWTH = 4
const MAX_STEP_BLOCKS = 512

/** Runs of this many rows are at known places: the first and the last. */
const ROWS_AT_KNOWN_PLACES = 2
const PLACES_AT_ONCE = 400

/** Rows that may match: all between two numbers, both included, or those of a few numbers. */
type Piece = { from: number; to: number } | { seqs: number[] }

/**
 * Searches from the newest row down. Rows that are not indexed yet, the newest few thousand, are walked along in bounded
 * steps; below them the index says where matches can be, so that a rare value in a long log is found as quickly as a common
 * one. No filter needs an index over the rows themselves, which every append would have to pay for. Nothing depends on the
 * order of times: blocks know the earliest and the latest of theirs.
 */
export function createAuditSearch(database: Database): AuditStore['search'] {
  return async (filter, page) => {
    const { limit, after } = parsePageRequest(page, SEQ_POSITION)
    const oldest = await oldestSeq(database, filter)
    const found: AuditRow[] = []
    if (oldest === undefined) return { items: [] }
    for await (const piece of piecesOf(database, filter, oldest, after?.[0] ?? Infinity)) {
      found.push(...(await matchesIn(database, filter, piece, limit + 1 - found.length)))
      if (found.length > limit) break
    }
    return pageOf(found, limit, ({ seq }) => [seq])
  }
}

export function asAuditRow(stored: Selectable<Tables['auditRows']>): AuditRow {
  const { latestTime: _, ...row } = withoutNulls(stored)
  return row
}

/** The first row that can have begun at `from` or later. */
async function oldestSeq({ reader }: Database, filter: AuditFilter): Promise<number | undefined> {
  const rows = reader
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

/** Where matches may be, from `before` (exclusive) down to `oldest`. */
async function* piecesOf(
  database: Database,
  filter: AuditFilter,
  oldest: number,
  before: number,
): AsyncGenerator<Piece> {
  const { workspaceId } = filter
  // The index is asked first: rows that are added meanwhile are then above both ends.
  const indexedBlocks = await endOfIndex(database, workspaceId)
  // A made-up cursor far beyond the end must not make us walk there.
  const top = Math.min(before - 1, await lastSeq(database, workspaceId))
  yield* walk(top, Math.max(oldest, indexedBlocks * BLOCK_ROWS + 1))
  const lowest = blockOf(oldest)
  let end = Math.min(indexedBlocks, blockOf(top) + 1)
  for (
    let blocks = FIRST_STEP_BLOCKS;
    end > lowest;
    blocks = Math.min(blocks * STEP_GROWTH, MAX_STEP_BLOCKS)
  ) {
    const start = Math.max(lowest, end - blocks)
    for (const piece of await piecesIn(database, filter, start, end)) {
      const clipped = clip(piece, oldest, top)
      if (clipped !== undefined) yield clipped
    }
    end = start
  }
}

function* walk(top: number, bottom: number): Generator<Piece> {
  let rows = FIRST_STEP_ROWS
  for (let to = top; to >= bottom; to -= rows, rows = Math.min(rows * 2, MAX_STEP_ROWS)) {
    yield { from: Math.max(bottom, to - rows + 1), to }
  }
}

function clip(piece: Piece, bottom: number, top: number): Piece | undefined {
  if ('seqs' in piece) {
    const seqs = piece.seqs.filter((seq) => seq >= bottom && seq <= top)
    return seqs.length === 0 ? undefined : { seqs }
  }
  const [from, to] = [Math.max(piece.from, bottom), Math.min(piece.to, top)]
  return from > to ? undefined : { from, to }
}

async function endOfIndex({ reader }: Database, workspaceId: string): Promise<number> {
  const last = await reader
    .selectFrom('auditBlocks')
    .select('block')
    .where('workspaceId', '=', workspaceId)
    .orderBy('block', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last === undefined ? 0 : last.block + 1
}

async function lastSeq({ reader }: Database, workspaceId: string): Promise<number> {
  const head = await reader
    .selectFrom('auditHeads')
    .select('seq')
    .where('workspaceId', '=', workspaceId)
    .executeTakeFirst()
  return head?.seq ?? 0
}

/** Where the blocks from `start` up to `end` (exclusive) can hold matches, the newest first. */
async function piecesIn(
  database: Database,
  filter: AuditFilter,
  start: number,
  end: number,
): Promise<Piece[]> {
  const blocks = await blocksFor(database, filter, start, end)
  if (blocks.length === 0) return []
  if (!saysShape(filter))
    return blocks.map((block) => ({ from: block * BLOCK_ROWS + 1, to: (block + 1) * BLOCK_ROWS }))
  const runs = await runsIn(database, filter, blocks)
  return joinPlaces([...Map.groupBy(runs, ({ block }) => block).values()].map(pieceOf))
}

/** Blocks whose times and request ids allow a match, the newest first. */
async function blocksFor(
  { reader }: Database,
  { workspaceId, from, to, requestId }: AuditFilter,
  start: number,
  end: number,
): Promise<number[]> {
  const blocks = await reader
    .selectFrom('auditBlocks')
    .select('block')
    .$if(requestId !== undefined, (each) => each.select('requestIds'))
    .where('workspaceId', '=', workspaceId)
    .where('block', '>=', start)
    .where('block', '<', end)
    .$if(from !== undefined, (each) => each.where('toTime', '>=', from ?? 0))
    .$if(to !== undefined, (each) => each.where('fromTime', '<', to ?? 0))
    .orderBy('block', 'desc')
    .execute()
  return blocks
    .filter(
      ({ requestIds }) =>
        requestIds === undefined || requestId === undefined || mayHoldId(requestIds, requestId),
    )
    .map(({ block }) => block)
}

interface Run {
  block: number
  firstSeq: number
  lastSeq: number
  rows: number
}

/** Runs of the shapes that match, in these blocks, the newest first. */
function runsIn(
  { reader, dialect }: Database,
  filter: AuditFilter,
  blocks: readonly number[],
): Promise<Run[]> {
  const { workspaceId } = filter
  const wanted = new Set(blocks)
  return reader
    .selectFrom('auditRuns')
    .select(['block', 'firstSeq', 'lastSeq', 'rows'])
    .where('workspaceId', '=', workspaceId)
    .where('shapeId', 'in', (each) =>
      each
        .selectFrom('auditShapes')
        .select('id')
        .where('workspaceId', '=', workspaceId)
        .where((shape) => shape.or([shape('anything', '=', 1), matchesShape(filter, dialect)])),
    )
    .where('block', '>=', Math.min(...blocks))
    .where('block', '<=', Math.max(...blocks))
    .orderBy('block', 'desc')
    .execute()
    .then((runs) => runs.filter(({ block }) => wanted.has(block)))
}

/** Where in one block matches can be. */
function pieceOf(runs: readonly Run[]): Piece {
  if (runs.every(({ rows }) => rows <= ROWS_AT_KNOWN_PLACES)) {
    return { seqs: runs.flatMap(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]) }
  }
  return {
    from: Math.min(...runs.map(({ firstSeq }) => firstSeq)),
    to: Math.max(...runs.map(({ lastSeq }) => lastSeq)),
  }
}

/** Known places of blocks that follow one another are looked at together. */
function joinPlaces(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (
      last !== undefined &&
      'seqs' in last &&
      'seqs' in piece &&
      last.seqs.length + piece.seqs.length <= PLACES_AT_ONCE
    ) {
      last.seqs.push(...piece.seqs)
    } else joined.push(piece)
  }
  return joined
}

async function matchesIn(
  { reader, dialect }: Database,
  filter: AuditFilter,
  piece: Piece,
  limit: number,
): Promise<AuditRow[]> {
  const { workspaceId, from, to, requestId } = filter
  const rows = await reader
    .selectFrom('auditRows')
    .selectAll()
    .where('workspaceId', '=', workspaceId)
    .where((row) =>
      'seqs' in piece
        ? row('seq', 'in', piece.seqs)
        : row.and([row('seq', '>=', piece.from), row('seq', '<=', piece.to)]),
    )
    .where(matchesShape(filter, dialect))
    .$if(requestId !== undefined, (row) => row.where('requestId', '=', requestId ?? ''))
    .$if(from !== undefined, (row) => row.where('time', '>=', from ?? 0))
    .$if(to !== undefined, (row) => row.where('time', '<', to ?? 0))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.map(asAuditRow)
}
