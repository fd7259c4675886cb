import { expect, it } from 'vitest'
import { gridOf } from './pairs.ts'

const pair = (row: string, column: string, calls: number) => ({ row, column, calls, item: calls })

it('puts the busiest rows and columns first, by all of their calls', () => {
  const grid = gridOf([pair('ada', 'github', 5), pair('bot', 'postgres', 7), pair('ada', 'postgres', 4)], 10)
  expect(grid.rows.map(({ key, calls }) => [key, calls])).toEqual([
    ['ada', 9],
    ['bot', 7],
  ])
  expect(grid.columns.map(({ key }) => key)).toEqual(['postgres', 'github'])
  expect(grid.cells).toEqual([
    [4, 5],
    [7, undefined],
  ])
  expect(grid.most).toBe(7)
})

it('leaves out what is beyond its size', () => {
  const many = Array.from({ length: 30 }, (_, index) => pair(`row ${index}`, `column ${index}`, index + 1))
  const grid = gridOf(many, 10)
  expect(grid.rows).toHaveLength(10)
  expect(grid.columns[0]?.key).toBe('column 29')
  expect(grid.cells[0]?.[0]).toBe(30)
})
