import { memo } from 'react'
import type { LogRow } from '../../api/shapes.ts'
import { duration } from '../../format/numbers.ts'
import { OutcomeBadge } from '../../parts/badge.tsx'
import { deedWords } from '../audit/deed-words.ts'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/**
 * One row, whole to be clicked. Drawn once: what is logged does not change. A plain link, because the router's own listen
 * to it, each of them, and rows come by the hundred a second; the list hears the clicks.
 */
export const LiveRow = memo(function LiveRow({ href, row }: { href: string; row: LogRow }) {
  return (
    <li>
      <a
        href={href}
        className={row.outcome === 'ok' || row.outcome === 'cancelled' ? 'live-row' : 'live-row bad'}
      >
        <time className="number soft" dateTime={row.time}>
          {clock.format(new Date(row.time))}
        </time>
        <span className="live-what">{row.kind === 'call' ? <Called row={row} /> : deedWords(row)}</span>
        <span className="live-who soft">
          {row.member}
          {row.client !== null && <span className="small"> {row.client}</span>}
        </span>
        <span className="live-outcome">
          <OutcomeBadge outcome={row.outcome} reason={row.reason} />
        </span>
        <span className="live-ms number">{row.kind === 'call' ? duration(row.latencyMs) : ''}</span>
      </a>
    </li>
  )
})

function Called({ row: { server, tool, shownAs, method } }: { row: LogRow }) {
  return (
    <>
      {tool ?? shownAs ?? method} {server !== null && <span className="soft small">{server}</span>}
    </>
  )
}
