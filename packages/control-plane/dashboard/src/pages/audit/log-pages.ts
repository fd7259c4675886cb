import { infiniteQueryOptions } from '@tanstack/react-query'
import { ask } from '../../api/request.ts'
import { logShape } from '../../api/shapes.ts'
import type { AuditSearch } from './search.ts'

const ROWS_PER_PAGE = 50

/** Pages of a log, newest first. They are not asked for again by themselves: rows would move away under the reader. */
export function logPages(path: readonly string[], filters: AuditSearch) {
  return infiniteQueryOptions({
    queryKey: ['log-pages', path, filters],
    queryFn: ({ pageParam, signal }) =>
      ask(logShape, path, { query: { ...filters, limit: ROWS_PER_PAGE, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchOnWindowFocus: false,
    gcTime: 60_000,
  })
}
