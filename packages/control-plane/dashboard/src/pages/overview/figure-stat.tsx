import type { ReactNode } from 'react'
import { Stat } from '../../parts/stat.tsx'

interface Props {
  label: string
  value: string
  detail: string
  /** Undefined until it is known. */
  before: string | undefined
  change: ReactNode
  hour: string | undefined
}

/** One figure of this week, with what it was the week before and what it is now. */
export function FigureStat({ label, value, detail, before, change, hour }: Props) {
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
            {before ?? '…'} {before !== undefined && change}
          </span>
          <span>Last hour</span>
          <span>{hour ?? '…'}</span>
        </span>
      }
    />
  )
}
