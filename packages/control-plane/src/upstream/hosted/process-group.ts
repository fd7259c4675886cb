import { setTimeout as delay } from 'node:timers/promises'

/** What a well-meaning process gets to end by itself, after each request to do so. */
export const GRACE_MS = 2_000
/** SIGKILL takes effect at once; what can still be seen are ended processes that init has yet to reap. */
const KILLED_MS = 500
const POLL_MS = 20

/**
 * Sends a signal to every process of a group; signal 0 only asks. Answers whether the group has any process left.
 * Windows has no groups: there it reaches the one process.
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(process.platform === 'win32' ? groupId : -groupId, signal)
    return true
  } catch (error) {
    // EPERM means that it exists and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * SIGTERM, the grace period, SIGKILL. Resolves when the group has no process left, at the latest half a second
 * after SIGKILL.
 */
export async function endGroup(groupId: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return
  if (await isGoneWithin(groupId, GRACE_MS)) return
  signalGroup(groupId, 'SIGKILL')
  await isGoneWithin(groupId, KILLED_MS)
}

/** Polls, because nothing tells of the end of processes that are not our own children. */
async function isGoneWithin(groupId: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (signalGroup(groupId, 0)) {
    if (performance.now() >= deadline) return false
    await delay(POLL_MS)
  }
  return true
}
