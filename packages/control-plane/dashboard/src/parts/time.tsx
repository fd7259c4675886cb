import { ago, localTime, localTimeWithSeconds } from '../format/times.ts'

interface Props {
  at: string
  /** "3 minutes ago", the moment itself, or the moment to the second. */
  as?: 'ago' | 'moment' | 'second'
}

/** A point in time: in the reader's words or time zone, in UTC on hover. */
export function Time({ at, as = 'ago' }: Props) {
  const utc = `${at.replace('T', ' ').replace(/\.\d+Z$|Z$/, '')} UTC`
  const text = as === 'ago' ? ago(at) : as === 'second' ? localTimeWithSeconds(at) : localTime(at)
  return (
    <time className="number" dateTime={at} title={as === 'ago' ? `${localTime(at)} (${utc})` : utc}>
      {text}
    </time>
  )
}
