import { createHash, randomUUID } from 'node:crypto'
import {
  chmod,
  constants,
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { BridgeError } from '../bridge-error.ts'

/** A configuration as it was read. `text` is undefined where there is no file. */
export interface ReadConfig {
  readonly text: string | undefined
  /** The file behind a link; where nothing is, the path itself. */
  readonly file: string
}

export interface WrittenConfig {
  readonly file: string
  readonly sha256: string
  readonly backup: string | undefined
  /** The outermost folder that had to be made for it. */
  readonly createdFolder: string | undefined
  readonly created: boolean
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export async function readConfigFile(path: string): Promise<ReadConfig> {
  const file = await followLinks(path)
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw unreadable(path, `it cannot be read (${error.code})`)
  })
  return { file, text: bytes === undefined ? undefined : decode(path, bytes) }
}

/** A link stays a link; one that leads nowhere is not followed, for what it means is not known. */
async function followLinks(path: string): Promise<string> {
  const link = await lstat(path).catch(() => undefined)
  if (link === undefined) return path
  return realpath(path).catch(() => {
    throw unreadable(path, 'it is a link that leads nowhere')
  })
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw unreadable(path, 'it is not UTF-8 text')
  }
}

export function unreadable(path: string, why: string, fix?: string): BridgeError {
  return new BridgeError('storage', `${path} is left as it is: ${why}.`, {
    fix: fix ?? 'Mend the file, then try again.',
  })
}

const maxAttempts = 5

/**
 * Replaces the text of a configuration by what `edit` makes of it, whole or not at all, with a backup beside it. When
 * another program writes the file meanwhile, `edit` is called again with the new text. An edit that answers the same
 * text writes nothing, and the result is undefined.
 */
export async function editConfigFile(
  path: string,
  options: {
    now: () => Date
    edit: (text: string | undefined) => string
    /** False where the old text is worth nothing. */
    mayBackUp?: boolean
  },
): Promise<WrittenConfig | undefined> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const before = await readConfigFile(path)
    const after = options.edit(before.text)
    if (after === before.text) return undefined
    const time = options.mayBackUp === false ? undefined : options.now()
    const written = await replace(path, before, after, time)
    if (written !== undefined) return written
  }
  throw unreadable(path, 'another program keeps writing it', 'Close the client, then try again.')
}

async function replace(
  path: string,
  { file, text }: ReadConfig,
  after: string,
  time: Date | undefined,
): Promise<WrittenConfig | undefined> {
  const present = text === undefined ? undefined : await stat(file)
  if (present !== undefined && (present.mode & 0o222) === 0) throw readOnly(path)
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
  try {
    const createdFolder = await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeDraft(draft, after, present)
    if ((await readConfigFile(path)).text !== text) return undefined
    const backup = text === undefined || time === undefined ? undefined : await backUp(file, time)
    await rename(draft, file)
    return { file, sha256: sha256(after), backup, createdFolder, created: text === undefined }
  } catch (error) {
    if (error instanceof BridgeError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown trouble'
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') throw readOnly(path)
    throw new BridgeError('storage', `${path} cannot be written (${code}).`, { cause: error })
  } finally {
    await rm(draft, { force: true })
  }
}

function readOnly(path: string): BridgeError {
  return unreadable(
    path,
    'it may not be written',
    'Make it and its folder writable, or paste what install --print shows.',
  )
}

interface Owner {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

async function writeDraft(draft: string, text: string, like: Owner | undefined): Promise<void> {
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    if (like !== undefined) {
      // Somebody else's file, changed by root, stays theirs; nobody else may give files away.
      await handle.chown(like.uid, like.gid).catch(() => undefined)
      await handle.chmod(like.mode & 0o7777)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const keptBackups = 3

/** `FILE.mcpgw-20261122T101500Z.bak`, readable by its owner alone; older ones than the newest three are deleted. */
async function backUp(file: string, time: Date): Promise<string> {
  const backup = `${file}.mcpgw-${stampOf(time)}.bak`
  const isTaken = await copyFile(file, backup, constants.COPYFILE_EXCL).then(
    () => false,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return true
      throw error
    },
  )
  if (isTaken) return backUp(file, new Date(time.getTime() + 1000))
  await chmod(backup, 0o600)
  await removeOldBackups(file)
  return backup
}

function stampOf(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '')
}

async function removeOldBackups(file: string): Promise<void> {
  const prefix = `${basename(file)}.mcpgw-`
  const names = await readdir(dirname(file))
  const backups = names.filter((name) => name.startsWith(prefix) && /\d{8}T\d{6}Z\.bak$/.test(name)).sort()
  const old = backups.slice(0, -keptBackups)
  await Promise.all(old.map((name) => rm(join(dirname(file), name), { force: true })))
}

/** Deletes a file we made, and the folders we made for it as far as they are empty. */
export async function deleteConfigFile(file: string, createdFolder: string | undefined): Promise<void> {
  await rm(file, { force: true })
  if (createdFolder === undefined) return
  for (let folder = dirname(file); folder.startsWith(createdFolder); folder = dirname(folder)) {
    const isGone = await rmdir(folder).then(
      () => true,
      () => false,
    )
    if (!isGone) return
  }
}
