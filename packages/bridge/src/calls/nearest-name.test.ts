import { expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

const names = ['github__create_issue', 'github__list_issues', 'everything__echo', 'login']

it.each([
  ['lgoin', 'login'],
  ['logn', 'login'],
  ['github__creat_isue', 'github__create_issue'],
  ['Everything__Echo', 'everything__echo'],
  ['list_issues', 'github__list_issues'],
  ['deploy', undefined],
  ['x', undefined],
])('takes %s for %s', (written, meant) => {
  expect(nearestName(written, names)).toBe(meant)
})
