import { expect, it } from 'vitest'
import { judge } from './npx.ts'

it.each([
  [400, 'ok', '0.4 s'],
  [3_100, 'warning', '3.1 s'],
  [undefined, 'warning', '20 seconds'],
])('takes a start of %s ms for %s', (tookMs, status, words) => {
  const seen = judge('npx', tookMs)
  expect(seen.status).toBe(status)
  expect(seen.message).toContain(words)
})
