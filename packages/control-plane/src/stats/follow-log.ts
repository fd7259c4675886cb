import type { CountedRow, StatsStore } from '../model/call-stats.ts'
import { BLOCK_ROWS, type LogIndexStore } from '../model/log-index.ts'
import { describeBlock } from './log-blocks.ts'
import { Tally } from './tally.ts'

/** What one transaction may take: about 5 ms of SQLite's time, the longest that calls wait for it. */
const LIVE: CountLimits = { rows: 400, kept: 16 }

export interface CountLimits {
  rows: number
  /** How many sets of values may be kept apart, each of which becomes up to eleven cells. */
  kept: number
}

export interface Counted {
  atEnd: boolean
  /** When the last row that is counted began; undefined when there was none. */
  time: number | undefined
}

/** Counts the next rows of a log, in one transaction that is there whole or not at all. */
export async function countMore(
  store: StatsStore,
  workspaceId: string,
  now: number,
  limits: CountLimits = LIVE,
): Promise<Counted> {
  const from = await store.countedTo(workspaceId)
  const rows = await store.rowsAfter(workspaceId, from, limits.rows)
  const tally = new Tally(now)
  let last: CountedRow | undefined
  for (const row of rows) {
    tally.add(row)
    last = row
    if (tally.size >= limits.kept) break
  }
  if (last === undefined) return { atEnd: true, time: undefined }
  const isAdded = await store.add(workspaceId, { from, to: last.seq }, tally.takeCells())
  return { atEnd: isAdded && rows.length < limits.rows && last === rows.at(-1), time: last.time }
}

const ROWS_AT_ONCE = 512

/** Indexes the next block of a log, if it is full. True when there was none. */
export async function indexMore(
  store: StatsStore,
  index: LogIndexStore,
  workspaceId: string,
): Promise<boolean> {
  const block = await index.nextBlock(workspaceId)
  const end = (block + 1) * BLOCK_ROWS
  if ((await store.rowsAfter(workspaceId, end - 1, 1)).length === 0) return true
  const rows: CountedRow[] = []
  for (let after = block * BLOCK_ROWS; after < end; ) {
    const read = await store.rowsAfter(workspaceId, after, Math.min(ROWS_AT_ONCE, end - after))
    const inBlock = read.filter(({ seq }) => seq <= end)
    rows.push(...inBlock)
    if (inBlock.length < read.length || read.length === 0) break
    after = read.at(-1)?.seq ?? end
  }
  await index.addBlock(workspaceId, describeBlock(block, rows))
  return false
}
