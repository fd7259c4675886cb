import { expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { runCommand } from './support/run-command.ts'

const run = (...args: string[]) => runCommand(args, { env: bridgeEnvironment() })

const commands = ['login', 'logout', 'whoami', 'tools', 'call', 'tail', 'stdio', 'completion', 'help']

it('fits on one screen of 80 columns, in groups, with examples', async () => {
  const { code, stdout, stderr } = await run('--help')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(45)
  for (const heading of ['Sign in:', 'Tools:', 'More:', 'Examples:']) expect(lines).toContain(heading)
  expect(stdout.match(/^ {2}mcpgw .+$/gm)).toHaveLength(4)
  for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} {2,}\\S`, 'm'))
})

it.each(['', ...commands])('keeps within 80 columns: mcpgw %s --help', async (name) => {
  const { stdout } = await run(...(name === '' ? [] : [name]), '--help')
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(88)
  const described = stdout.slice(0, stdout.indexOf('Examples:'))
  for (const line of described.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(described).not.toBe('')
})

it.each(commands)('has one to three examples: mcpgw help %s', async (name) => {
  const { code, stdout } = await run('help', name)
  expect(code).toBe(0)
  const [, examples = ''] = stdout.split('Examples:\n')
  const lines = examples.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThanOrEqual(1)
  expect(lines.length).toBeLessThanOrEqual(3)
  for (const line of lines) expect(line).toContain('mcpgw')
})

it.each([
  [['lgoin'], 'Did you mean login?'],
  [['help', 'tial'], 'Did you mean tail?'],
  [['no-such-command'], 'See: mcpgw --help'],
  [['call'], 'See: mcpgw call --help'],
  [['tools', '--serevr', 'x'], 'Did you mean --server?'],
  [['tail', 'extra'], 'See: mcpgw tail --help'],
  [['completion', 'tcsh'], 'Allowed choices are'],
])('answers a mistake with one line and the way out: %j', async (args, words) => {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(words)
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2)
})

it('tells mistakes to programs as JSON', async () => {
  const { code, stdout } = await run('tools', '--nonsense', '--json')
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({ error: { reason: 'usage' } })
})

it('says its version', async () => {
  expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
