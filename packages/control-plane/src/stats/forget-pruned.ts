import { setImmediate } from 'node:timers/promises'
import type { StatsStore } from '../model/call-stats.ts'
import type { LogIndexStore } from '../model/log-index.ts'
import { CUBES, GRAIN_MS } from './cubes.ts'

const CELLS_AT_ONCE = 200

/** What was pruned of a log: the number of its last row and the latest time. */
export interface PrunedEnd {
  seq: number
  time: number
}

/** Figures and index of what the log does not hold any more go too; figures of a day when all of that day is gone. */
export async function forgetPruned(
  stats: StatsStore,
  index: LogIndexStore,
  workspaceId: string,
  { seq, time }: PrunedEnd,
): Promise<void> {
  for (const { name, grain } of CUBES) {
    const startsBefore = time + 2 - GRAIN_MS[grain]
    while (await stats.prune(workspaceId, name, startsBefore, CELLS_AT_ONCE)) await setImmediate()
  }
  await index.prune(workspaceId, seq)
}
