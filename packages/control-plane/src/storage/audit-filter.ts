import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { AuditFilter } from '../model/stores.ts'
import type { Dialect } from './database.ts'

const EQUALITIES = ['server', 'tool', 'member', 'tokenId', 'outcome', 'kind', 'client'] as const
const SEARCHED = ['server', 'tool', 'shownAs', 'member', 'client', 'reason'] as const

/**
 * What a filter says of the values that rows have in common with others, as a condition on `auditRows` and on `auditShapes`
 * alike: they have columns of the same names.
 */
export function matchesShape(filter: AuditFilter, dialect: Dialect): RawBuilder<SqlBool> {
  const conditions = EQUALITIES.flatMap((column) => {
    const value = filter[column]
    return value === undefined ? [] : [sql`${sql.ref(column)} = ${value}`]
  })
  if (filter.q !== undefined) conditions.push(holds(filter.q, dialect))
  return conditions.length === 0 ? sql`1 = 1` : sql`${sql.join(conditions, sql` and `)}`
}

/** Both databases tell capital letters from small ones everywhere but in ASCII, PostgreSQL because of the collation "C". */
function holds(part: string, dialect: Dialect): RawBuilder<unknown> {
  const pattern = `%${part.replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`
  const like = dialect === 'sqlite' ? sql`like` : sql`ilike`
  const columns = SEARCHED.map((column) => sql`${sql.ref(column)} ${like} ${pattern} escape '\\'`)
  return sql`(${sql.join(columns, sql` or `)})`
}

/** Whether a filter says anything that shapes can be told apart by. */
export function saysShape(filter: AuditFilter): boolean {
  return filter.q !== undefined || EQUALITIES.some((column) => filter[column] !== undefined)
}
