export interface ChangeOf {
  text: string
  direction: 'up' | 'down' | 'same'
  /** More than the ups and downs of any week. */
  large: boolean
}

/** How a figure stands to what it was; undefined where there is nothing to compare. */
export function changeOf(
  now: number | undefined,
  before: number | undefined,
  as: 'ratio' | 'points',
): ChangeOf | undefined {
  if (now === undefined || before === undefined) return undefined
  return as === 'points' ? pointsOf(now - before) : ratioOf(now, before)
}

function pointsOf(difference: number): ChangeOf {
  const points = difference * 100
  if (Math.abs(points) < 0.05) return SAME
  const text = `${signOf(points)}${Math.abs(points).toFixed(1)} pt`
  return { text, direction: directionOf(points), large: Math.abs(points) >= 1 }
}

function ratioOf(now: number, before: number): ChangeOf | undefined {
  if (before === 0) return now === 0 ? SAME : undefined
  const ratio = now / before
  const difference = (ratio - 1) * 100
  if (Math.abs(difference) < 0.5) return SAME
  const text = ratio >= 2 ? `×${timesOf(ratio)}` : `${signOf(difference)}${Math.abs(difference).toFixed(0)}%`
  return { text, direction: directionOf(difference), large: ratio >= 1.25 || ratio <= 0.8 }
}

/** How many times as much, with as many digits as say something. */
export function timesOf(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0)
}

const SAME: ChangeOf = { text: 'same', direction: 'same', large: false }

function directionOf(difference: number): 'up' | 'down' {
  return difference > 0 ? 'up' : 'down'
}

function signOf(difference: number): string {
  return difference > 0 ? '+' : '−'
}
