import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { GatewayError } from '../model/error.ts'
import { type CatalogEntry, catalogFile } from './catalog-entry.ts'

/** A file of the catalog, as far as it could be read. */
export interface CatalogFile {
  name: string
  entries: CatalogEntry[]
  /** Why it is not what it should be: empty for a good file. */
  mistakes: string[]
}

/** Reads every file of a catalog's folder, in order of their names. Others get their turn in between. */
export async function readCatalogFiles(folder: string): Promise<CatalogFile[]> {
  const names = (await namesIn(folder)).filter(isDataFile).sort()
  const files: CatalogFile[] = []
  for (const name of names) {
    files.push(readEntries(name, await readFile(join(folder, name), 'utf8')))
    await setImmediate()
  }
  return files
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    throw new GatewayError('configuration', `The catalog's folder ${folder} cannot be read.`, {
      cause: error,
    })
  }
}

function isDataFile(name: string): boolean {
  return name.endsWith('.json') && !name.endsWith('.schema.json')
}

function readEntries(name: string, text: string): CatalogFile {
  const json = parseJson(text)
  if (json === undefined) return { name, entries: [], mistakes: ['It is not JSON.'] }
  const read = catalogFile.safeParse(json)
  if (read.success) return { name, entries: read.data.entries, mistakes: [] }
  const mistakes = read.error.issues.map(({ path, message }) => `${placeOf(json, path)}: ${message}`)
  return { name, entries: [], mistakes }
}

/** An entry is found by its name sooner than by its number. */
function placeOf(json: unknown, path: readonly PropertyKey[]): string {
  const [list, index, ...rest] = path
  const name = list === 'entries' && typeof index === 'number' ? nameOf(entriesOf(json)[index]) : undefined
  return (name === undefined ? path : [name, ...rest]).map(String).join('.')
}

function entriesOf(json: unknown): unknown[] {
  return isObject(json) && Array.isArray(json.entries) ? json.entries : []
}

function nameOf(entry: unknown): string | undefined {
  return isObject(entry) && typeof entry.name === 'string' ? entry.name : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
