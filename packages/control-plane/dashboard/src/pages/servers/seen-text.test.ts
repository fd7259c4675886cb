import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differenceOf, pathWords, seenText } from './seen-text.ts'

const plain = (text: string) =>
  seenText(text)
    .map((piece) => piece.text)
    .join('')

describe('a text to review', () => {
  it('hides nothing that takes no room or turns the order of letters', () => {
    for (const character of [
      '\u200b',
      '\u202e',
      '\u2066',
      '\u00ad',
      '\ufeff',
      '\u{e0041}',
      '\u0007',
      '\u001b',
      '\u3164',
    ])
      expect(plain(`a${character}b`)).toMatch(/^aU\+[0-9A-F]{4,6}b$/)
  })

  it('stays small for a text of nothing else', () => {
    const pieces = seenText('a\u200b'.repeat(100_000))
    expect(pieces.length).toBeLessThan(2_000)
    expect(pieces.map(({ text }) => text).join('')).not.toContain('\u200b')
  })

  it('leaves alone what can be seen', () => {
    for (const text of ['two\nlines\tand a tab', 'Ünïcödé 漢字 🎉', '']) expect(plain(text)).toBe(text)
  })

  it('marks only the words that differ', () => {
    expect(differenceOf('Reads one issue.', 'Reads one old issue.')).toEqual({
      start: 'Reads one ',
      before: '',
      after: 'old ',
      end: 'issue.',
    })
  })

  it('loses nothing of either text', () => {
    const words = fc.array(fc.constantFrom('a', 'b', ' ', '\n', 'cd')).map((parts) => parts.join(''))
    fc.assert(
      fc.property(words, words, (before, after) => {
        const { start, before: old, after: fresh, end } = differenceOf(before, after)
        return start + old + end === before && start + fresh + end === after
      }),
    )
  })

  it('names a field as people would', () => {
    expect(pathWords('/inputSchema/properties/a~1b~0c')).toBe('inputSchema › properties › a/b~c')
    expect(pathWords('')).toBe('the whole definition')
  })
})
