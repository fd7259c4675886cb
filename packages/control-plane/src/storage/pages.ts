import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { Page, PageRequest } from '../model/stores.ts'

export const MAX_PAGE_ITEMS = 500

type CursorPart = string | number

/** Where a page begins: the position after which its items come, read from the cursor by the list's own schema. */
export interface PageStart<Position> {
  limit: number
  after: Position | undefined
}

/** Throws `invalid_request` for a limit outside 1 to 500 and for a cursor that this list did not make. */
export function parsePageRequest<Position>(
  page: PageRequest,
  position: z.ZodType<Position>,
): PageStart<Position> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > MAX_PAGE_ITEMS) {
    throw new GatewayError('invalid_request', `A page holds 1 to ${MAX_PAGE_ITEMS} items.`)
  }
  return {
    limit: page.limit,
    after: page.cursor === undefined ? undefined : parseCursor(page.cursor, position),
  }
}

/** Cuts a page from a result that was asked for one item more than the page holds. */
export function pageOf<T>(found: T[], limit: number, positionOf: (item: T) => CursorPart[]): Page<T> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  if (last === undefined || found.length <= limit) return { items }
  return { items, nextCursor: Buffer.from(JSON.stringify(positionOf(last))).toString('base64url') }
}

function parseCursor<Position>(cursor: string, position: z.ZodType<Position>): Position {
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new GatewayError('invalid_request', 'The cursor is not one this list has given out.', {
      cause,
      fix: 'Start again without a cursor.',
    })
  }
}

export const SEQ_POSITION = z.tuple([z.int().nonnegative()])
export const NAME_POSITION = z.tuple([z.string()])
export const AGE_POSITION = z.tuple([z.int(), z.string()])
