import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { CatalogProblem, CatalogRule, CatalogRules, StoredCatalog } from '../model/catalog.ts'
import type { CatalogStore } from '../model/stores.ts'
import type { Database } from './database.ts'
import { requireFound } from './found.ts'
import { parseStoredJson } from './stored-json.ts'
import type { Tables } from './tables.ts'

const PROBLEM: z.ZodType<CatalogProblem> = z.strictObject({
  at: z.number(),
  message: z.string(),
  fix: z.string().exactOptional(),
})

const RULE: z.ZodType<CatalogRule> = z.strictObject({
  id: z.string().exactOptional(),
  category: z.string().exactOptional(),
  official: z.boolean().exactOptional(),
  transport: z.enum(['remote', 'npm', 'pypi', 'oci']).exactOptional(),
  source: z.string().exactOptional(),
})

const RULES: z.ZodType<CatalogRules> = z.strictObject({
  builtIn: z.boolean(),
  allow: z.array(RULE).exactOptional(),
  deny: z.array(RULE).exactOptional(),
})

const WITHOUT_RULES: CatalogRules = { builtIn: true }
const THE_ROW = 1

export function createCatalogStore({ kysely }: Database): CatalogStore {
  return {
    async all() {
      const rows = await kysely
        .selectFrom('catalogs')
        .select(['name', 'title', 'url', 'readAt', 'problem', 'leftOut', 'size', 'createdAt', 'updatedAt'])
        .orderBy('name')
        .execute()
      return rows.map(asCatalog)
    },

    async entriesOf(name) {
      const row = await kysely
        .selectFrom('catalogs')
        .select('entries')
        .where('name', '=', name)
        .executeTakeFirst()
      return row?.entries
    },

    async put(catalog, entries) {
      const { name: _, createdAt: __, ...fields } = asRow(catalog)
      await kysely
        .insertInto('catalogs')
        .values({ ...asRow(catalog), entries: entries ?? '[]' })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ ...fields, ...(entries !== undefined && { entries }) }),
        )
        .execute()
    },

    async remove(name) {
      const { numDeletedRows } = await kysely
        .deleteFrom('catalogs')
        .where('name', '=', name)
        .executeTakeFirst()
      requireFound(numDeletedRows, 'catalog')
    },

    async rules() {
      const row = await kysely.selectFrom('catalogRules').select('rules').executeTakeFirst()
      return row === undefined ? WITHOUT_RULES : parseStoredJson(RULES, row.rules, 'catalog_rules.rules')
    },

    async putRules(rules, at) {
      const fields = { rules: JSON.stringify(rules), updatedAt: at }
      await kysely
        .insertInto('catalogRules')
        .values({ id: THE_ROW, ...fields })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
        .execute()
    },
  }
}

function asRow({
  url,
  readAt,
  problem,
  ...rest
}: StoredCatalog): Omit<Selectable<Tables['catalogs']>, 'entries'> {
  return {
    ...rest,
    url: url ?? null,
    readAt: readAt ?? null,
    problem: problem === undefined ? null : JSON.stringify(problem),
  }
}

function asCatalog(row: Omit<Selectable<Tables['catalogs']>, 'entries'>): StoredCatalog {
  const { url, readAt, problem, ...rest } = row
  return {
    ...rest,
    ...(url !== null && { url }),
    ...(readAt !== null && { readAt }),
    ...(problem !== null && { problem: parseStoredJson(PROBLEM, problem, 'catalogs.problem') }),
  }
}
