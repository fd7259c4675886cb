import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type MasterKeyFile, openMasterKeyFile, writeNewKey } from './master-key-file.ts'
import type { Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import type { SecretSettings, Settings } from './settings.ts'
import { sqliteFileOf } from './storage/open-storage.ts'
import { parseMasterKey } from './vault/master-key.ts'

export interface MasterKeyFound {
  /** What everything is sealed with, or will be when a change of the master key is finished. */
  key: Uint8Array
  /** Keys that may have sealed something still. */
  older: readonly Uint8Array[]
  /** Where the key was read from, if that was a file. */
  file?: MasterKeyFile
  /** The file that was made for it just now. */
  madeFile?: string
}

/**
 * The master key from the environment, a file, or, on SQLite only, a file made in the data folder at the first start.
 * A file with a change that was begun gives both keys. Throws `configuration`: never is a key replaced by another one.
 */
export function readMasterKey(settings: Settings, secrets: SecretSettings, random: Random): MasterKeyFound {
  const found = findMasterKey(settings, secrets, random)
  const previous = readPreviousKey(secrets)
  if (previous === undefined) return found
  if (Buffer.compare(previous, found.key) === 0) throw sameKeyTwice()
  return { ...found, older: [...found.older, previous] }
}

function findMasterKey(settings: Settings, secrets: SecretSettings, random: Random): MasterKeyFound {
  if (secrets.masterKey !== undefined) return { key: parseMasterKey(secrets.masterKey), older: [] }
  const sqliteFile = sqliteFileOf(settings)
  if (secrets.masterKeyFile !== undefined) {
    const file = openMasterKeyFile(secrets.masterKeyFile)
    // Replicas have files of their own, which cannot change together.
    return sqliteFile === undefined ? { key: file.read(), older: [], file } : keysIn(file)
  }
  if (sqliteFile === undefined) throw needed()
  const path = join(settings.dataDir, 'master.key')
  if (existsSync(path)) return keysIn(openMasterKeyFile(path))
  if (existsSync(sqliteFile)) throw lost(path)
  writeNewKey(path, random)
  return { ...keysIn(openMasterKeyFile(path)), madeFile: path }
}

function keysIn(file: MasterKeyFile): MasterKeyFound {
  const [key, next] = [file.read(), file.readNext()]
  return next === undefined ? { key, older: [], file } : { key: next, older: [key], file }
}

function readPreviousKey(secrets: SecretSettings): Uint8Array | undefined {
  if (secrets.previousMasterKey !== undefined) return parseMasterKey(secrets.previousMasterKey)
  const file = secrets.previousMasterKeyFile
  return file === undefined ? undefined : openMasterKeyFile(file).read()
}

function sameKeyTwice(): GatewayError {
  return new GatewayError('configuration', 'The previous master key is the master key itself.', {
    fix: 'Give the key before it as MCPGW_PREVIOUS_MASTER_KEY, or leave that away when no change of the key is going on.',
  })
}

function needed(): GatewayError {
  return new GatewayError(
    'configuration',
    'With PostgreSQL the master key must be given: every replica needs the same one.',
    {
      fix: 'Set MCPGW_MASTER_KEY or MCPGW_MASTER_KEY_FILE to the output of: openssl rand -base64 32',
    },
  )
}

function lost(file: string): GatewayError {
  return new GatewayError(
    'configuration',
    `The data folder has a database but its master key file ${file} is gone.`,
    {
      fix: 'Put the file back from your backup, or give the key with MCPGW_MASTER_KEY.',
    },
  )
}
