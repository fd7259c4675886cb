import type { ReactNode } from 'react'
import { Stat } from '../../parts/stat.tsx'

interface Props {
  label: string
  value: string
  detail: string
  /** Undefined until it is known. */
  before: string | undefined
  /** Undefined where there is nothing to compare with. */
  change?: ReactNode
  hour: string | undefined
  /** Where figures are kept by the hour only, they may begin earlier. */
  since?: string | undefined
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

const HARDLY_MORE_MS = 65 * 60_000

function isLonger(since: string): boolean {
  return Date.now() - Date.parse(since) > HARDLY_MORE_MS
}

/** One figure of this week, with what it was the week before and what it is now. */
export function FigureStat({ label, value, detail, before, change, hour, since }: Props) {
  return (
    <Stat
      label={label}
      value={
        <>
          {value} <span className="figure-detail">{detail}</span>
        </>
      }
      hint={
        <span className="figure-hints number">
          <span>Week before</span>
          <span>
            {before ?? '…'} {change}
          </span>
          <span>
            {since !== undefined && isLonger(since) ? `Since ${clock.format(new Date(since))}` : 'Last hour'}
          </span>
          <span>{hour ?? '…'}</span>
        </span>
      }
    />
  )
}
