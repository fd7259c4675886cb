import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { Page } from '../model/stores.ts'

/** The query every list takes. Lists that are short by nature come whole unless asked otherwise. */
export function pageQuery(defaultLimit: number) {
  return z.strictObject({
    cursor: z.string().max(500, 'is not one of our cursors').exactOptional(),
    limit: z.coerce
      .number('must be a whole number')
      .int('must be a whole number')
      .min(1, 'must be 1 to 500')
      .max(500, 'must be 1 to 500')
      .default(defaultLimit),
  })
}

export const MAX_PAGE = 500

export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().exactOptional() })
}

export function mapPage<From, To>(page: Page<From>, convert: (item: From) => To): Page<To> {
  const items = page.items.map(convert)
  return page.nextCursor === undefined ? { items } : { items, nextCursor: page.nextCursor }
}

/** Cuts one page out of a list that is complete in memory, ordered by name. */
export function pageByName<T extends { name: string }>(
  all: readonly T[],
  query: { cursor?: string; limit: number },
): Page<T> {
  const after = query.cursor === undefined ? undefined : nameIn(query.cursor)
  const rest = sortedByName(all).filter((item) => after === undefined || item.name > after)
  const items = rest.slice(0, query.limit)
  const last = items.at(-1)
  if (last === undefined || items.length === rest.length) return { items }
  return { items, nextCursor: Buffer.from(`name:${last.name}`).toString('base64url') }
}

/** Cuts one page out of a list that is complete in memory and in an order of its own, such as that of a search. */
export function pageByPosition<T>(all: readonly T[], query: { cursor?: string; limit: number }): Page<T> {
  const start = query.cursor === undefined ? 0 : positionIn(query.cursor)
  const end = start + query.limit
  const items = all.slice(start, end)
  if (end >= all.length) return { items }
  return { items, nextCursor: Buffer.from(`at:${end}`).toString('base64url') }
}

function sortedByName<T extends { name: string }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function nameIn(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (text.startsWith('name:')) return text.slice('name:'.length)
  throw notOurs()
}

function positionIn(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (/^at:\d{1,9}$/.test(text)) return Number(text.slice('at:'.length))
  throw notOurs()
}

function notOurs(): GatewayError {
  return new GatewayError('invalid_request', 'The cursor is not one of ours.', {
    fix: 'Start from the first page.',
  })
}
