import { Link } from '@tanstack/react-router'
import type { LogRow } from '../../api/shapes.ts'
import { duration } from '../../format/numbers.ts'
import { outcomeWord } from '../../parts/badge.tsx'
import { Time } from '../../parts/time.tsx'

/** Who called what, with which client, and how it went. */
export function CallSentence({ call, slug }: { call: LogRow; slug: string }) {
  const { member, client, shownAs, tool, method, outcome, latencyMs, seq, time } = call
  return (
    <>
      {member} called{' '}
      <Link to="/w/$slug/audit/$seq" params={{ slug, seq: String(seq) }}>
        {shownAs ?? tool ?? method}
      </Link>
      {client !== null && ` from ${client}`}: {outcomeWord(outcome)}, {duration(latencyMs)},{' '}
      <Time at={time} />
    </>
  )
}
