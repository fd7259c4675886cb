import { changeOf } from './change-of.ts'

interface Props {
  now: number | undefined
  before: number | undefined
  /** Shares are compared in percentage points, everything else as a ratio. */
  as?: 'ratio' | 'points'
  /** Which way is for the worse; absent: neither is. */
  worse?: 'up'
}

/** How a figure stands to what it was: sign and number, coloured where it got clearly worse or better. */
export function Change({ now, before, as = 'ratio', worse }: Props) {
  const change = changeOf(now, before, as)
  if (change === undefined) return <span className="soft">–</span>
  const { text, direction, large } = change
  const tone = worse === undefined || !large ? 'soft' : direction === 'up' ? 'change-bad' : 'change-good'
  return <span className={`change ${tone}`}>{text}</span>
}
