import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BridgeError } from '../bridge-error.ts'
import { isObject, type JsonObject, parseJson } from '../json-object.ts'

/** Reads a file of ours. A missing file is an empty object; a broken one is an error, never "logged out". */
export async function readPrivateJson(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw new BridgeError('storage', `${path} cannot be read (${error.code}).`, { cause: error })
  })
  const value = parseJson(text)
  if (isObject(value)) return value
  throw new BridgeError('storage', `${path} is not valid JSON.`, {
    fix: 'Mend or delete it, then log in again.',
  })
}

/** Replaces a file whole, readable by its owner alone. Readers see the old text or the new, never a part. */
export async function writePrivateJson(path: string, value: JsonObject): Promise<void> {
  const folder = dirname(path)
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw new BridgeError('storage', `${path} cannot be written: ${String(error)}`, { cause: error })
  }
}
