import type { AuditRow } from './audit-row.ts'

/** Rows 1 to 4096 of a log are its block 0, and so on. */
export const BLOCK_ROWS = 4_096

export function blockOf(seq: number): number {
  return Math.floor((seq - 1) / BLOCK_ROWS)
}

/** What a search can be narrowed by and many rows have in common. */
export const SHAPE_FIELDS = [
  'kind',
  'tokenId',
  'member',
  'server',
  'tool',
  'outcome',
  'client',
  'shownAs',
  'reason',
] as const satisfies (keyof AuditRow)[]

export type Shape = Record<(typeof SHAPE_FIELDS)[number], string | null>

/** The rows of one shape in one block: how many they are, the first and the last. */
export interface ShapeRun {
  /** Undefined: rows of any shape. */
  shape: Shape | undefined
  firstSeq: number
  lastSeq: number
  rows: number
}

export interface LogBlock {
  block: number
  fromTime: number
  toTime: number
  /** An `IdFilter` over the request ids. */
  requestIds: Uint8Array
  runs: readonly ShapeRun[]
}

/** An index of the log by blocks, written behind it; rows of blocks that are not in it are searched one by one. */
export interface LogIndexStore {
  /** The first block that is not indexed yet. All before it that have rows are. */
  nextBlock(workspaceId: string): Promise<number>
  /** Adds a block, a little at a time; it counts once all of it is there. Adding it again changes nothing. */
  addBlock(workspaceId: string, block: LogBlock): Promise<void>
  /** Forgets all blocks whose last row is at most this. */
  prune(workspaceId: string, toSeq: number): Promise<void>
}
