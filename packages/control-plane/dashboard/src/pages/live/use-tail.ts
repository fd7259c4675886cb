import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type FeedState, useLogFeed } from '../../api/log-feed.ts'
import { logQuery } from '../../api/queries.ts'
import type { LogRow } from '../../api/shapes.ts'
import { type LiveFilter, matches } from './matches.ts'
import { addRows, EMPTY_WINDOW, type RowWindow } from './row-window.ts'
import { usePageShown } from './use-page-shown.ts'

const STARTS_WITH = 50

export interface Tail extends RowWindow {
  state: FeedState | 'hidden'
  /** What was logged before is still being read. */
  isReading: boolean
  /** Why it could not be read, if it could not. */
  error: unknown
}

/**
 * The end of the log as it grows, beginning with the last rows that are there. The stream is closed while nobody looks,
 * and what was missed is read when somebody does, as far as it is among the last rows.
 */
export function useTail(slug: string, filter: LiveFilter, paused: boolean): Tail {
  const shown = usePageShown()
  const [rows, take] = useBatches(paused)
  const state = useLogFeed(slug, shown, (row) => {
    if (matches(row, filter)) take([row])
  })
  const { error, found } = useLastRows(slug, filter, shown, take)
  // What was found is taken in a moment later.
  const isComing = found === undefined || (found > 0 && rows.rows.length === 0 && rows.waitingCount === 0)
  return { ...rows, state: shown ? state : 'hidden', isReading: error === undefined && isComing, error }
}

/** Rows are taken in this seldom, and then with a picture of the browser: more often nobody can read. */
const TAKE_IN_MS = 100

/** Takes rows in together, however many come between two pictures that the browser draws. */
function useBatches(paused: boolean): [RowWindow, (rows: readonly LogRow[]) => void] {
  const [rows, setRows] = useState<RowWindow>(EMPTY_WINDOW)
  const isPaused = useRef(paused)
  isPaused.current = paused
  useEffect(() => {
    if (!paused) setRows((before) => addRows(before, [], false))
  }, [paused])
  const [batches] = useState(() =>
    createBatches((batch) => setRows((before) => addRows(before, batch, isPaused.current))),
  )
  useEffect(() => batches.stop, [batches])
  return [rows, batches.add]
}

function createBatches(take: (rows: readonly LogRow[]) => void) {
  let arrived: LogRow[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let frame = 0

  function takeIn(): void {
    timer = undefined
    const batch = arrived
    arrived = []
    take(batch)
  }

  return {
    add(rows: readonly LogRow[]): void {
      arrived.push(...rows)
      timer ??= setTimeout(() => {
        frame = requestAnimationFrame(takeIn)
      }, TAKE_IN_MS)
    },
    stop(): void {
      clearTimeout(timer)
      cancelAnimationFrame(frame)
      timer = undefined
    },
  }
}

function useLastRows(
  slug: string,
  { server, member, outcome, kind }: LiveFilter,
  active: boolean,
  take: (rows: readonly LogRow[]) => void,
): { error: unknown; found: number | undefined } {
  const client = useQueryClient()
  const [error, setError] = useState<unknown>()
  const [found, setFound] = useState<number>()
  useEffect(() => {
    if (!active) return
    const query = logQuery(slug, { server, member, outcome, kind, limit: STARTS_WITH })
    let wanted = true
    client
      .fetchQuery({ ...query, staleTime: 0 })
      .then(({ items }) => {
        if (!wanted) return
        take(items)
        setFound(items.length)
        setError(undefined)
      })
      .catch((reason: unknown) => {
        if (wanted) setError(reason)
      })
    return () => {
      wanted = false
    }
  }, [client, slug, server, member, outcome, kind, active, take])
  return { error, found }
}
