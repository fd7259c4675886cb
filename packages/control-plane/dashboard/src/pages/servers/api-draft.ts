import type { ApiOperation, ApiReading } from '../../api/shapes.ts'
import type { NewServer } from './new-server.ts'

/** An API as it is being added from its OpenAPI document. */
export interface ApiDraft {
  name: string
  document: string
  url: string
  /** What the document says, once it was read. */
  reading?: ApiReading | undefined
  /** Of the operations, by their tools. */
  chosen: ReadonlySet<string>
  values: Readonly<Record<string, string>>
}

export const EMPTY_API: ApiDraft = { name: '', document: '', url: '', chosen: new Set(), values: {} }

export function apiServer({ name, document, url, reading, chosen, values }: ApiDraft): NewServer {
  const operations = chosenOf(reading, chosen)
  const asked = namesAskedBy(operations)
  return {
    server: {
      name: name.trim(),
      openapi: document,
      url: url.trim(),
      operations: { include: operations.map(({ method, path }) => ({ method, path })) },
    },
    values: Object.fromEntries(
      Object.entries(values).filter(([key, value]) => value !== '' && asked.includes(key)),
    ),
  }
}

export function chosenOf(reading: ApiReading | undefined, chosen: ReadonlySet<string>): ApiOperation[] {
  return reading?.operations.filter(({ tool }) => chosen.has(tool)) ?? []
}

/** The names of values that some of these operations take. */
export function namesAskedBy(operations: readonly ApiOperation[]): string[] {
  return [...new Set(operations.flatMap(({ credentials }) => credentials.flat()))]
}

/** Those in which each word of the search stands somewhere. */
export function found(operations: readonly ApiOperation[], search: string): ApiOperation[] {
  const words = search.toLowerCase().split(/\s+/)
  return operations.filter(({ tool, method, path, summary = '', tags }) => {
    const text = [tool, method, path, summary, ...tags].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** `Pet Store (v2)` is probably called `pet-store-v2`. */
export function nameFromTitle(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+/g, '')
    .slice(0, 32)
    .replaceAll(/-+$/g, '')
}
