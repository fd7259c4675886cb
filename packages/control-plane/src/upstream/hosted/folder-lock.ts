import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

const SQLITE_BUSY = 5
const LOOK_MS = 200

/**
 * Waits until no other process holds the lock, which the kernel takes back from a process that ended; undefined when
 * that took too long. In one process nobody may ask twice at a time: POSIX drops a process's locks on a file when any
 * of its descriptors for that file is closed.
 */
export async function takeLock(file: string, timeoutMs: number): Promise<Disposable | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const lock = tryLock(file)
    if (lock !== undefined || performance.now() >= deadline) return lock
    await delay(LOOK_MS)
  }
}

function tryLock(file: string): Disposable | undefined {
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file)
  try {
    database.exec('begin exclusive')
    return { [Symbol.dispose]: () => database.close() }
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
}
