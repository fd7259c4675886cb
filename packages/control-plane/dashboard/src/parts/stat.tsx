import type { ReactNode } from 'react'

interface Props {
  label: string
  value: ReactNode
  /** What it is measured against, or where it comes from. */
  hint?: ReactNode
  tone?: 'bad' | 'warn'
}

/** One figure. */
export function Stat({ label, value, hint, tone }: Props) {
  return (
    <div className={tone === undefined ? 'stat' : `stat ${tone}`}>
      <span className="soft small">{label}</span>
      <span className="stat-value">{value}</span>
      {hint !== undefined && <span className="soft small">{hint}</span>}
    </div>
  )
}
