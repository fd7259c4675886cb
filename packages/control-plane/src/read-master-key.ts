import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import type { SecretSettings, Settings } from './settings.ts'
import { parseMasterKey } from './vault/master-key.ts'

export interface MasterKeyFound {
  key: Uint8Array
  /** The file that was made for it just now. */
  madeFile?: string
}

/**
 * The master key from the environment, a file, or, on SQLite only, a file made in the data folder at the first start.
 * Throws `configuration`: never is a key replaced by another one.
 */
export function readMasterKey(settings: Settings, secrets: SecretSettings, random: Random): MasterKeyFound {
  if (secrets.masterKey !== undefined) return { key: parseMasterKey(secrets.masterKey) }
  if (secrets.masterKeyFile !== undefined) return { key: readKeyFile(secrets.masterKeyFile) }
  if (settings.databaseUrl?.startsWith('postgres')) throw needed()
  const file = join(settings.dataDir, 'master.key')
  if (existsSync(file)) return { key: readKeyFile(file) }
  if (existsSync(join(settings.dataDir, 'mcpgw.db'))) throw lost(file)
  const made = Buffer.from(random.bytes(32)).toString('base64')
  writeFileSync(file, `${made}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(file, 0o600)
  return { key: parseMasterKey(made), madeFile: file }
}

function readKeyFile(file: string): Uint8Array {
  let text: string
  try {
    if (process.platform !== 'win32' && statSync(file).isFile() && (statSync(file).mode & 0o077) !== 0)
      throw tooOpen(file)
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    throw new GatewayError('configuration', `The master key file ${file} cannot be read.`, {
      cause,
      fix: 'Check MCPGW_MASTER_KEY_FILE and who may read the file.',
    })
  }
  return parseMasterKey(text.trim())
}

function tooOpen(file: string): GatewayError {
  return new GatewayError('configuration', `Others may read the master key file ${file}.`, {
    fix: `chmod 600 ${file}`,
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
