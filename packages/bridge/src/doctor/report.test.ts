import { expect, it } from 'vitest'
import type { Reason } from '../bridge-error.ts'
import { failed, ok, skipped, warning } from './finding.ts'
import { exitCodeFor, onOneLine } from './report.ts'

const finding = (reason: Reason) => ({ check: 'x', ...failed('no', undefined, reason) })
const others = [ok('yes'), warning('hm'), skipped('later')].map((seen) => ({ check: 'x', ...seen }))

it('ends with 0 when nothing failed', () => {
  expect(exitCodeFor(others)).toBe(0)
})

it('ends with 4 when nothing but a login is missing, and with 1 when more is wrong', () => {
  expect(exitCodeFor([...others, finding('login_needed'), finding('bad_token')])).toBe(4)
  expect(exitCodeFor([finding('login_needed'), finding('unreachable')])).toBe(1)
})

it('keeps a text of a server on one line of sensible length', () => {
  expect(onOneLine('a\r\n\tb \n c')).toBe('a b c')
  expect(onOneLine('x'.repeat(10_000))).toHaveLength(400)
})
