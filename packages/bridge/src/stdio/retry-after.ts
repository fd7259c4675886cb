const longestMs = 60_000

/** How long a gateway asks to be left alone, in the header's plain form; a minute at most. */
export function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header ?? 0)
  return seconds > 0 ? Math.min(seconds * 1000, longestMs) : 0
}
