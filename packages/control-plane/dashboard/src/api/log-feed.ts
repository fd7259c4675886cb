import { useEffect, useRef, useState } from 'react'
import { apiUrl } from './request.ts'
import { type LogRow, logRowShape } from './shapes.ts'

export type FeedState = 'connecting' | 'open' | 'broken'

/**
 * Follows a workspace's log for as long as it is mounted and `active`. `onRow` hears of each new row once; the browser
 * reconnects by itself and goes on after the last row it saw.
 */
export function useLogFeed(slug: string, active: boolean, onRow: (row: LogRow) => void): FeedState {
  const [state, setState] = useState<FeedState>('connecting')
  const listener = useRef(onRow)
  listener.current = onRow

  useEffect(() => {
    if (!active) return
    setState('connecting')
    const source = new EventSource(apiUrl(['workspaces', slug, 'audit', 'tail']))
    source.onopen = () => setState('open')
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? 'broken' : 'connecting')
    source.onmessage = ({ data }) => {
      const row = logRowShape.safeParse(parse(data))
      if (row.success) listener.current(row.data)
    }
    return () => source.close()
  }, [slug, active])

  return state
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
