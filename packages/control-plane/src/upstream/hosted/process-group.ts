import { closeSync, openSync, readSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'

/** What a well-meaning process gets to end by itself, after each request to do so. */
export const GRACE_MS = 2_000
/** SIGKILL takes effect at once, but for a process that waits for a disk. */
const KILLED_MS = 500
const POLL_MS = 20
/** To look at all processes costs far more than to ask for one group, and most groups are gone before. */
const POLLS_PER_LOOK = 5
/** Some 15 microseconds each: others get their turn in between. */
const PROCESSES_PER_TURN = 100
/** The name of a process has 15 characters at most, and its group stands right behind. */
const STAT_BYTES = 256
/** Of a process that ended before or while its file was read. */
const ENDED = new Set(['ENOENT', 'ESRCH'])

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
 * SIGTERM, the grace period, SIGKILL. Resolves when no process of the group runs any more, at the latest half a second
 * after SIGKILL. One that has ended may still be seen: orphans are init's to reap, and some inits take their time.
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
  for (let polls = 1; signalGroup(groupId, 0); polls++) {
    if (performance.now() >= deadline) return false
    if (polls % POLLS_PER_LOOK === 0 && !(await hasRunning(groupId))) return true
    await delay(POLL_MS)
  }
  return true
}

/** What cannot be looked at, for want of open files or of `/proc`, may be running. */
async function hasRunning(groupId: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  try {
    const start = Buffer.alloc(STAT_BYTES)
    for (const [index, name] of (await readdir('/proc')).entries()) {
      if (index % PROCESSES_PER_TURN === 0) await setImmediate()
      if (/^\d+$/.test(name) && groupOfRunning(name, start) === groupId) return true
    }
    return false
  } catch {
    return true
  }
}

/** The group of a process, undefined for one that has ended; proc_pid_stat(5). */
function groupOfRunning(pid: string, start: Buffer): number | undefined {
  const stat = readStart(`/proc/${pid}/stat`, start)
  // The name before is in brackets, and may itself hold some.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : Number(group)
}

/**
 * The beginning of a file, nothing of one that is gone. `readFile` takes 64 KiB for a file whose size it is not told,
 * which is many times what stands there.
 */
function readStart(path: string, start: Buffer): string {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return start.toString('latin1', 0, readSync(file, start))
  } catch (error) {
    if (error instanceof Error && 'code' in error && ENDED.has(String(error.code))) return ''
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
