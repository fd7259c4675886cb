import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../model/error.ts'
import { type DatabaseSettings, sqliteFileOf } from './open-storage.ts'

/** A backup of what the settings name. Throws `unsupported` for PostgreSQL, which has tools of its own. */
export function backUp(settings: DatabaseSettings, file: string): Promise<BackupMade> {
  const database = sqliteFileOf(settings)
  if (database === undefined) throw usePgDump()
  return backUpSqlite(database, file)
}

export interface BackupMade {
  file: string
  bytes: number
}

// In one step, which is one moment of the database: between two steps others write, and SQLite would begin again.
const ALL_PAGES = 0x7fff_ffff

/**
 * Copies a SQLite database as it is at one moment, also while a control plane runs on it, into a new file with mode
 * 0600. The file appears whole or not at all. Throws `conflict` when it is there already.
 */
async function backUpSqlite(database: string, given: string): Promise<BackupMade> {
  const file = resolve(given)
  if (!existsSync(database)) throw noDatabase(database)
  if (existsSync(file)) throw alreadyThere(file)
  const partial = `${file}.partial`
  try {
    rmSync(partial, { force: true })
    closeSync(openSync(partial, 'wx', 0o600))
    chmodSync(partial, 0o600)
    await copy(database, partial)
    makeWhole(partial)
    renameSync(partial, file)
    return { file, bytes: statSync(file).size }
  } catch (cause) {
    removeIfPossible(partial)
    throw cause instanceof GatewayError ? cause : failed(file, cause)
  }
}

async function copy(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true })
  try {
    source.exec('pragma busy_timeout = 5000')
    await backup(source, to, { rate: ALL_PAGES })
  } finally {
    source.close()
  }
}

/** One file without a log beside it, looked through and on disk. */
function makeWhole(file: string): void {
  const copied = new DatabaseSync(file)
  try {
    copied.exec('pragma journal_mode = delete')
    const found = copied.prepare('pragma quick_check(1)').get()
    if (found?.quick_check !== 'ok') throw damaged()
  } finally {
    copied.close()
  }
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // What went wrong before is what is told.
  }
}

function usePgDump(): GatewayError {
  return new GatewayError(
    'unsupported',
    'The database is PostgreSQL, which is backed up with its own tools.',
    {
      fix: 'Use pg_dump, as for any other database.',
    },
  )
}

function noDatabase(database: string): GatewayError {
  return new GatewayError('configuration', `There is no database at ${database}.`, {
    fix: 'Give the --data-dir, or the --database-url, that the control plane has.',
  })
}

function alreadyThere(file: string): GatewayError {
  return new GatewayError('conflict', `${file} is there already, and a backup replaces nothing.`, {
    fix: 'Name another file, for example with the date in its name.',
  })
}

function damaged(): GatewayError {
  return new GatewayError(
    'configuration',
    'The database is damaged: its copy does not pass the check of SQLite.',
    {
      fix: 'Keep the backups you have, stop the control plane, and restore the newest of them that is whole.',
    },
  )
}

function failed(file: string, cause: unknown): GatewayError {
  return new GatewayError('configuration', `The backup ${file} cannot be written.`, {
    cause,
    fix: 'Check that its folder exists, may be written by this user, and is on a disk with room.',
  })
}
