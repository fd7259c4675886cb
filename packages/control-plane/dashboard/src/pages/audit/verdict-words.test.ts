import { describe, expect, it } from 'vitest'
import { verdictWords } from './verdict-words.ts'

describe('what looking through the log found', () => {
  it('is how many rows are sound, and how many retention took', () => {
    expect(verdictWords({ ok: true, rows: 12345, pruned: 800 })).toEqual({
      ok: true,
      title: 'All 12,345 rows are sound',
      meaning:
        'Each is as it was written, in its place, and none is missing between them. 800 older ones were pruned by retention, and that is sealed.',
    })
    expect(verdictWords({ ok: true, rows: 3, pruned: 0 }).meaning).not.toContain('pruned')
  })

  it('is the first bad row, what it means, and what to do', () => {
    const { title, meaning } = verdictWords({ ok: false, firstBadSeq: 4711, reason: 'missing' })
    expect(title).toBe('Row 4711 is the first that is not sound')
    expect(meaning).toMatch(/^A row that was written here is gone\..*backup/)
  })

  it('says a reason it does not know in the control plane’s own word', () => {
    expect(verdictWords({ ok: false, firstBadSeq: 1, reason: 'eaten' }).meaning).toContain('eaten')
  })
})
