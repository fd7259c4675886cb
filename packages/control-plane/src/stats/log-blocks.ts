import type { CountedRow } from '../model/call-stats.ts'
import { idFilterOf } from '../model/id-filter.ts'
import { type LogBlock, SHAPE_FIELDS, type Shape, type ShapeRun } from '../model/log-index.ts'

/**
 * A block of more shapes than this is searched row by row: who calls by ever new names must not make the index as large as
 * the log.
 */
export const MAX_SHAPES = 2_048

/** What the index keeps of all rows of one block. */
export function describeBlock(block: number, rows: readonly CountedRow[]): LogBlock {
  const runs = new Map<string, ShapeRun>()
  for (const row of rows) addToRun(runs, row)
  const [first] = rows
  return {
    block,
    fromTime: rows.reduce((earliest, { time }) => Math.min(earliest, time), first?.time ?? 0),
    toTime: rows.reduce((latest, { time }) => Math.max(latest, time), first?.time ?? 0),
    requestIds: idFilterOf(rows.map(({ requestId }) => requestId)),
    runs: runs.size > MAX_SHAPES ? [ofAnyShape(rows)] : [...runs.values()],
  }
}

function addToRun(runs: Map<string, ShapeRun>, row: CountedRow): void {
  const key = JSON.stringify(SHAPE_FIELDS.map((field) => row[field]))
  const run = runs.get(key)
  if (run === undefined) {
    runs.set(key, { shape: shapeOf(row), firstSeq: row.seq, lastSeq: row.seq, rows: 1 })
    return
  }
  run.lastSeq = row.seq
  run.rows += 1
}

function shapeOf(row: CountedRow): Shape {
  const { kind, tokenId, member, server, tool, outcome, client, shownAs, reason } = row
  return { kind, tokenId, member, server, tool, outcome, client, shownAs, reason }
}

function ofAnyShape(rows: readonly CountedRow[]): ShapeRun {
  return {
    shape: undefined,
    firstSeq: rows[0]?.seq ?? 0,
    lastSeq: rows.at(-1)?.seq ?? 0,
    rows: rows.length,
  }
}
