import { expect, it } from 'vitest'
import { stdioArguments } from './arguments.ts'

it.each([
  [[], undefined],
  [['stdio'], undefined],
  [['stdio', '--workspace', 'u'], 'u'],
  [['--workspace=u'], 'u'],
])('takes %j as the way to start the bridge', (argv, workspace) => {
  expect(stdioArguments(argv)).toEqual({ workspace })
})

it.each([
  [['login']],
  [['stdio', '--workspace']],
  [['stdio', 'u']],
  [['--help']],
  [['stdio', '--workspace=u', 'x']],
])('leaves %j to the commands', (argv) => {
  expect(stdioArguments(argv)).toBeUndefined()
})
