import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from './pattern.ts'

function matches(pattern: string, text: string): boolean {
  return compilePattern(pattern)(text)
}

/** The plainest definition there is, too slow for use. */
function matchesByDefinition(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] !== '*')
    return text[0] === pattern[0] && matchesByDefinition(pattern.slice(1), text.slice(1))
  for (let skipped = 0; skipped <= text.length; skipped += 1) {
    if (matchesByDefinition(pattern.slice(1), text.slice(skipped))) return true
  }
  return false
}

describe('a pattern', () => {
  it('without a star is the name itself', () => {
    expect(matches('get_issue', 'get_issue')).toBe(true)
    expect(matches('get_issue', 'get_issues')).toBe(false)
    expect(matches('', '')).toBe(true)
    expect(matches('', 'a')).toBe(false)
  })

  it('takes everything but the star literally', () => {
    for (const character of ['.', '?', '+', '(', '[', '\\', '^', '$', '|', '{']) {
      expect(matches(character, 'a')).toBe(false)
      expect(matches(`${character}*`, `${character}abc`)).toBe(true)
    }
  })

  it('does not count a character twice', () => {
    expect(matches('ab*ba', 'aba')).toBe(false)
    expect(matches('ab*ba', 'abba')).toBe(true)
    expect(matches('*a*a*', 'a')).toBe(false)
  })

  it('means the same as its plain definition', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    fc.assert(
      fc.property(pattern, text, (p, t) => matches(p, t) === matchesByDefinition(p, t)),
      { numRuns: 3000 },
    )
  })

  it('is not slowed down by any text', () => {
    const hostile = compilePattern(`${'*a'.repeat(2000)}*b`)
    const startedAt = performance.now()
    expect(hostile('a'.repeat(50_000))).toBe(false)
    // A backtracking matcher would need longer than the universe has.
    expect(performance.now() - startedAt).toBeLessThan(500)
  })
})
