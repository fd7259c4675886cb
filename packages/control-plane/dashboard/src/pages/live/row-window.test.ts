import { describe, expect, it } from 'vitest'
import type { LogRow } from '../../api/shapes.ts'
import { matches } from './matches.ts'
import { addRows, EMPTY_WINDOW, MAX_ROWS } from './row-window.ts'

const row = (seq: number, more: Partial<LogRow> = {}) => ({ seq, ...more }) as LogRow
const seqs = (rows: readonly LogRow[]) => rows.map(({ seq }) => seq)

describe('the rows of the tail', () => {
  it('are newest first and each there once, where the log and its tail overlap', () => {
    const tailed = addRows(EMPTY_WINDOW, [row(7), row(8)], false)
    expect(seqs(addRows(tailed, [row(8), row(7), row(6), row(5)], false).rows)).toEqual([8, 7, 6, 5])
  })

  it('are no more than are kept', () => {
    const many = Array.from({ length: MAX_ROWS + 40 }, (_, index) => row(index))
    const { rows } = addRows(EMPTY_WINDOW, many, false)
    expect(rows).toHaveLength(MAX_ROWS)
    expect(rows[0]?.seq).toBe(MAX_ROWS + 39)
  })

  it('wait while it is paused, are counted, and come when it goes on', () => {
    const before = addRows(EMPTY_WINDOW, [row(1)], false)
    const paused = addRows(addRows(before, [row(2)], true), [row(3)], true)
    expect(seqs(paused.rows)).toEqual([1])
    expect(paused.waitingCount).toBe(2)
    const after = addRows(paused, [], false)
    expect(seqs(after.rows)).toEqual([3, 2, 1])
    expect(after.waitingCount).toBe(0)
  })

  it('are counted beyond what is kept of them', () => {
    const many = Array.from({ length: 2 * MAX_ROWS }, (_, index) => row(index))
    const paused = addRows(EMPTY_WINDOW, many, true)
    expect(paused.waiting).toHaveLength(MAX_ROWS)
    expect(paused.waitingCount).toBe(2 * MAX_ROWS)
  })
})

it('looks for what every filter that is set wants', () => {
  const one = row(1, { server: 'jira', member: 'ada', outcome: 'timeout', kind: 'call' })
  expect(matches(one, {})).toBe(true)
  expect(matches(one, { server: 'jira', outcome: 'timeout' })).toBe(true)
  expect(matches(one, { server: 'jira', outcome: 'ok' })).toBe(false)
  expect(matches(one, { kind: 'management' })).toBe(false)
  expect(matches(one, { member: 'bob' })).toBe(false)
})
