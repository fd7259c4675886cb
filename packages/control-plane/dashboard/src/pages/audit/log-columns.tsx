import { Link } from '@tanstack/react-router'
import type { LogRow } from '../../api/shapes.ts'
import { duration } from '../../format/numbers.ts'
import { OutcomeBadge } from '../../parts/badge.tsx'
import type { Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { deedWords } from './deed-words.ts'

/** How a row is opened: by its own page, or where it has none, by whoever shows it. */
type Opening = { slug: string } | { onOpen: (row: LogRow) => void }

export function logColumns(opening: Opening): Column<LogRow>[] {
  return [
    { title: 'Time', cell: (row) => <Opener row={row} opening={opening} /> },
    { title: 'Who', cell: (row) => <Who row={row} /> },
    { title: 'What', cell: (row) => <What row={row} /> },
    { title: 'Outcome', cell: (row) => <HowItWent row={row} /> },
    { title: 'Took', end: true, cell: (row) => <Took row={row} /> },
  ]
}

function Opener({ row, opening }: { row: LogRow; opening: Opening }) {
  const time = <Time at={row.time} as="second" />
  if ('slug' in opening) {
    return (
      <Link
        to="/w/$slug/audit/$seq"
        params={{ slug: opening.slug, seq: String(row.seq) }}
        preload={false}
        className="log-time"
      >
        {time}
      </Link>
    )
  }
  return (
    <button type="button" className="log-time as-link" onClick={() => opening.onOpen(row)}>
      {time}
    </button>
  )
}

function Who({ row: { member, client } }: { row: LogRow }) {
  return (
    <span className="log-cell">
      <span className="wrap">{member}</span>
      {client !== null && <span className="soft small wrap">{client}</span>}
    </span>
  )
}

function What({ row }: { row: LogRow }) {
  const { kind, server, tool, shownAs, method } = row
  if (kind === 'management') return <span className="log-cell wrap">{deedWords(row)}</span>
  return (
    <span className="log-cell">
      <span className="wrap">{tool ?? shownAs ?? method}</span>
      <span className="soft small wrap">
        {server ?? 'no server'}
        {method !== 'tools/call' && `, ${method}`}
      </span>
    </span>
  )
}

function HowItWent({ row: { outcome, reason } }: { row: LogRow }) {
  return (
    <span className="log-cell">
      <span>
        <OutcomeBadge outcome={outcome} />
      </span>
      {reason !== undefined && <span className="soft small log-reason">{reason}</span>}
    </span>
  )
}

function Took({ row: { kind, latencyMs, upstreamMs } }: { row: LogRow }) {
  if (kind === 'management') return <span className="soft">–</span>
  return (
    <span title={upstreamMs === null ? 'No server was reached' : `${duration(upstreamMs)} of it upstream`}>
      {duration(latencyMs)}
    </span>
  )
}
