import { expect, it } from 'vitest'
import { cut, table } from './table.ts'

it('aligns columns and leaves out those without a text', () => {
  expect(
    table([
      ['a', '', 'one'],
      ['long', '', 'two'],
    ]),
  ).toEqual(['a     one', 'long  two'])
  expect(table([])).toEqual([])
})

it('cuts between characters, never inside one', () => {
  expect(cut('né🙂x', 3)).toBe('né…')
  expect(cut('short', undefined)).toBe('short')
  expect(table([['name', 'description']], 10)).toEqual(['name  des…'])
})
