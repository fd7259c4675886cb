import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../postgres.ts'

/** The databases there are to test on, each giving the URL of a fresh one. */
export async function openDatabases() {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-stats-'))
  const postgres = await startPostgres()
  let files = 0
  return {
    all: [
      { name: 'SQLite', freshUrl: async () => `sqlite:${join(folder, `${files++}.db`)}` },
      // Without a PostgreSQL to start, the harness has warned why.
      ...(postgres === undefined ? [] : [{ name: 'PostgreSQL', freshUrl: () => postgres.url() }]),
    ],
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
      await postgres?.[Symbol.asyncDispose]()
    },
  }
}
