import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { BridgeError } from '../bridge-error.ts'

// Whoever holds the lock reads and writes two small files. One that holds it for longer was killed.
const staleAfterMs = 5_000
const patienceMs = 10_000
const pauseMs = 20

/** Lets one process at a time change the files in the folder: whoever reads, merges and writes loses no login of another. */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, 'config.lock')
  const mark = randomUUID()
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => rejectAsStorage(path, error))
  await acquire(path, mark)
  try {
    return await work()
  } finally {
    if ((await readMark(path)) === mark) await rm(path, { force: true })
  }
}

async function acquire(path: string, mark: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await create(path, mark))) {
    await removeWhenStale(path)
    if (Date.now() > deadline) {
      throw new BridgeError('storage', `Another mcpgw has been changing the files beside ${path} for long.`, {
        fix: 'Try again; if no other mcpgw is running, delete that file.',
      })
    }
    await wait(pauseMs * (1 + Math.random()))
  }
}

async function create(path: string, mark: string): Promise<boolean> {
  try {
    await writeFile(path, mark, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (isTaken(error)) return false
    return rejectAsStorage(path, error)
  }
}

/** Windows says EPERM for a file that is just being deleted. */
function isTaken(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM')
}

async function removeWhenStale(path: string): Promise<void> {
  const stale = await readMark(path)
  const changedAt = (await stat(path).catch(() => undefined))?.mtimeMs
  if (stale === undefined || changedAt === undefined || Date.now() - changedAt < staleAfterMs) return
  // Renaming lets one of several waiters win; the loser may have caught the winner's new lock and puts it back.
  const aside = `${path}.${randomUUID()}.tmp`
  const isMine = await rename(path, aside).then(
    () => true,
    () => false,
  )
  if (!isMine) return
  if ((await readMark(aside)) !== stale) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

function readMark(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

function rejectAsStorage(path: string, error: unknown): never {
  throw new BridgeError('storage', `${path} cannot be written: ${String(error)}`, { cause: error })
}
