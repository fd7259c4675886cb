import { GatewayError } from '../model/error.ts'
import { aboutEntry, type CatalogEntry } from './catalog-entry.ts'
import { readCatalogFiles } from './catalog-files.ts'
import { type CatalogSearch, createCatalogSearch } from './search.ts'

/** The known servers. */
export interface Catalog extends CatalogSearch {
  entries: readonly CatalogEntry[]
  byId(id: string): CatalogEntry | undefined
}

/**
 * Answers with the catalog in a folder. It is read when somebody first asks for it, and once. Rejects with
 * `configuration` when a file is broken, saying which; then the next one who asks has it read again.
 */
export function createCatalogLoader(folder: string): () => Promise<Catalog> {
  let loading: Promise<Catalog> | undefined
  return () => {
    loading ??= loadCatalog(folder).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
}

async function loadCatalog(folder: string): Promise<Catalog> {
  const files = await readCatalogFiles(folder)
  for (const { name, mistakes } of files) if (mistakes.length > 0) throw broken(name, mistakes)
  const entries = files.flatMap((file) => file.entries)
  const byId = new Map(entries.map((entry) => [aboutEntry(entry).id, entry]))
  return { entries, byId: (id) => byId.get(id), ...(await createCatalogSearch(entries)) }
}

function broken(file: string, [first, ...others]: readonly string[]): GatewayError {
  const more = others.length === 0 ? '' : ` There are ${others.length} more.`
  return new GatewayError('configuration', `The catalog's file ${file} has a mistake. ${first}${more}`, {
    fix: 'See all of them with: mcpgw-server catalog check',
  })
}
