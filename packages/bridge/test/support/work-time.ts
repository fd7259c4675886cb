import { setTimeout as wait } from 'node:timers/promises'

/**
 * The time a tool takes between two steps. The SDKs' clients hand out a response before notifications that arrived
 * in the same chunk, and so lose progress that a tool reports in one breath with its result.
 */
export function workTime(): Promise<void> {
  return wait(30)
}
