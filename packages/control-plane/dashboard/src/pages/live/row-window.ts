import type { LogRow } from '../../api/shapes.ts'

/** The newest rows, newest first. */
export interface RowWindow {
  rows: readonly LogRow[]
  /** Came while it was paused: to be shown when it goes on. The newest of them first. */
  waiting: readonly LogRow[]
  /** How many came meanwhile, also those that are beyond what is kept. */
  waitingCount: number
}

export const EMPTY_WINDOW: RowWindow = { rows: [], waiting: [], waitingCount: 0 }

/** More say nothing to a reader and much to a browser. */
export const MAX_ROWS = 500

/** Takes in rows, whatever their order. None is shown twice: the log and its tail overlap where they meet. */
export function addRows(window: RowWindow, more: readonly LogRow[], paused: boolean): RowWindow {
  if (more.length === 0 && (paused || window.waiting.length === 0)) return window
  if (!paused) return { ...EMPTY_WINDOW, rows: merged(merged(window.rows, window.waiting), more) }
  const waiting = merged(window.waiting, more)
  return { rows: window.rows, waiting, waitingCount: window.waitingCount + more.length }
}

function merged(rows: readonly LogRow[], more: readonly LogRow[]): readonly LogRow[] {
  if (more.length === 0) return rows
  const known = new Set(rows.map(({ seq }) => seq))
  const fresh = more.filter(({ seq }) => !known.has(seq))
  return [...fresh, ...rows].toSorted((a, b) => b.seq - a.seq).slice(0, MAX_ROWS)
}
