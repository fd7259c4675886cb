import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPrivateFile } from './sqlite.ts'

export interface DataFolderLock extends Disposable {
  readonly file: string
}

const SQLITE_BUSY = 5

/**
 * Claims a data folder for this process; undefined when another one has it. The kernel gives the claim back when the
 * process ends, however it ends. Nothing else may open `lock.db` in this process: POSIX drops a process's locks on a
 * file when any of its descriptors for that file is closed.
 */
export function lockDataFolder(directory: string): DataFolderLock | undefined {
  const path = join(directory, 'lock.db')
  createPrivateFile(path)
  const file = new DatabaseSync(path)
  try {
    file.exec('begin exclusive')
  } catch (error) {
    file.close()
    if (isBusy(error)) return undefined
    throw error
  }
  return { file: path, [Symbol.dispose]: () => file.close() }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
