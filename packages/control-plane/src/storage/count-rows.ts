import type { Database } from './database.ts'

export async function countRows({ kysely }: Database, table: 'workspaces' | 'servers'): Promise<number> {
  const { rows } = await kysely
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return rows
}
