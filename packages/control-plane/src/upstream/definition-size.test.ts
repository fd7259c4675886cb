import { expect, it } from 'vitest'
import { isWithinLimits } from './definition-size.ts'

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

it('takes definitions of 64 levels and of 128 KiB, and none beyond', () => {
  expect(isWithinLimits(nested(64))).toBe(true)
  expect(isWithinLimits(nested(65))).toBe(false)
  expect(isWithinLimits({ description: 'x'.repeat(131_000) })).toBe(true)
  expect(isWithinLimits({ description: 'x'.repeat(131_072) })).toBe(false)
  expect(isWithinLimits({ enum: Array.from({ length: 131_072 }, () => 0) })).toBe(false)
})
