import { sql } from 'kysely'
import type { DatabaseDescription } from '../model/system.ts'
import type { Database } from './database.ts'

export async function describeDatabase(database: Database): Promise<DatabaseDescription> {
  const { kysely, dialect } = database
  const { rows } = await ASKED[dialect].execute(kysely)
  const [{ version = 'unknown', sizeBytes = null } = {}] = rows
  return { kind: dialect, version, ...(sizeBytes !== null && { sizeBytes }) }
}

interface Told {
  version?: string
  sizeBytes?: number | null
}

const ASKED = {
  sqlite: sql<Told>`select sqlite_version() as version, pages.page_count * sizes.page_size as size_bytes
    from pragma_page_count as pages, pragma_page_size as sizes`,
  postgres: sql<Told>`select current_setting('server_version') as version,
    pg_database_size(current_database()) as size_bytes`,
}
