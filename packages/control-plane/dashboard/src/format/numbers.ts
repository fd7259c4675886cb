const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** 12,345 */
export function count(value: number): string {
  return whole.format(value)
}

/** 12.3K, for where there is little room. */
export function shortCount(value: number): string {
  return value < 10_000 ? whole.format(value) : short.format(value)
}

/** A share as a percentage, with as many digits as say something. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0%'
  if (value < 0.1) return '<0.1%'
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)}%`
}

/** 850 µs, 42 ms, 1.24 s, 2 min */
export function duration(ms: number): string {
  if (ms === 0) return '0'
  if (ms < 1) return `${whole.format(ms * 1000)} µs`
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${whole.format(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`
  if (ms < 120_000) return `${(ms / 1000).toFixed(0)} s`
  return `${whole.format(ms / 60_000)} min`
}

/** 512 B, 1.2 kB, 3.4 MB */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`
  if (value < 1_000_000_000) return `${(value / 1_000_000).toFixed(1)} MB`
  return `${(value / 1_000_000_000).toFixed(1)} GB`
}
