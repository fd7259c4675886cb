import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { type FeedState, useLogFeed } from '../../api/log-feed.ts'
import { clientsQuery } from '../../api/queries.ts'
import type { LogRow } from '../../api/shapes.ts'
import { type Baseline, baselineOf, connectedSince, type Progress, withCall } from './progress.ts'

const ASK_EVERY_MS = 2_000

/** Follows who connects and calls from when it is mounted on; developers hear of themselves alone. */
export function useProgress(slug: string): Progress & { feed: FeedState } {
  const [progress, setProgress] = useState<Progress>({})
  const baseline = useRef<Baseline>(undefined)
  const clients = useQuery({
    ...clientsQuery(slug),
    refetchInterval: ASK_EVERY_MS,
    // What another page asked for earlier would count as from before.
    refetchOnMount: 'always',
  })

  useEffect(() => {
    if (clients.data === undefined || clients.isFetching) return
    const { items } = clients.data
    baseline.current ??= baselineOf(items)
    const newcomer = connectedSince(baseline.current, items)
    if (newcomer === undefined) return
    const { client, member } = newcomer
    setProgress((before) => (before.connected ? before : { ...before, connected: { client, member } }))
  }, [clients.data, clients.isFetching])

  const onRow = useCallback((row: LogRow) => setProgress((before) => withCall(before, row)), [])
  return { ...progress, feed: useLogFeed(slug, true, onRow) }
}
