import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import { parseMasterKey } from './vault/master-key.ts'

/**
 * A file that holds a master key, and beside it, while the key is being changed, FILE.next with the one that follows.
 * FILE.next is whole and on disk before anything is sealed with its key, and becomes FILE when nothing is sealed with
 * the key in FILE any more. So whoever is killed in between leaves both keys to the next start.
 */
export interface MasterKeyFile {
  readonly path: string
  /** Every file that may hold a key, now or during a change: no hosted server may see one. */
  paths(): string[]
  read(): Uint8Array
  /** The key that a change which was begun leads to. */
  readNext(): Uint8Array | undefined
  /** Makes a key to change to. */
  writeNext(random: Random): void
  /** Ends a change: the next key takes the place of the key before it. */
  promoteNext(): void
  /** Whether another file can take the place of this one. */
  isReplaceable(): boolean
}

/** A key file that is there. */
export function openMasterKeyFile(given: string): MasterKeyFile {
  // A link is followed here: renaming over it would leave the key it points to.
  const path = existsSync(given) ? realpathSync(given) : given
  const next = `${path}.next`
  return {
    path,
    paths: () => [path, `${path}.making`, next, `${next}.making`],
    read: () => readKeyFile(path),
    readNext: () => (existsSync(next) ? readKeyFile(next) : undefined),
    writeNext: (random) => writeNewKey(next, random),
    promoteNext() {
      renameSync(next, path)
      syncFolder(dirname(path))
    },
    isReplaceable: () => isReplaceable(path),
  }
}

/** Makes a master key in a new file, for its owner alone. Whole and on disk when this returns, or not there at all. */
export function writeNewKey(path: string, random: Random): void {
  const making = `${path}.making`
  rmSync(making, { force: true })
  const file = openSync(making, 'wx', 0o600)
  try {
    writeFileSync(file, `${Buffer.from(random.bytes(32)).toString('base64')}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(making, path)
  syncFolder(dirname(path))
}

/** A rename is on disk when its folder is. Windows has no such thing to ask for. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/**
 * A second name for a file needs what replacing it needs: a folder that may be written, and a file that lies in it.
 * The secrets of a container often do not: they are mounted there, one by one, and what is written beside them is gone
 * with the container.
 */
function isReplaceable(path: string): boolean {
  const other = `${path}.making`
  try {
    rmSync(other, { force: true })
    linkSync(path, other)
    rmSync(other)
    return true
  } catch {
    return false
  }
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
