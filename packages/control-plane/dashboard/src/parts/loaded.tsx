import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorNotice } from './error-notice.tsx'
import { Skeleton } from './skeleton.tsx'

interface Props<T> {
  query: UseQueryResult<T>
  /** The room to keep free while it loads. */
  height?: string
  children: (data: T) => ReactNode
}

/** Shows what a query brought: loading, failed, or there. What was there stays while it is asked for again. */
export function Loaded<T>({ query, height, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data)
  if (query.isError) return <ErrorNotice error={query.error} retry={() => void query.refetch()} />
  return <Skeleton {...(height !== undefined && { height })} />
}
