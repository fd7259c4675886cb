import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { BRIDGE, environment, type Running, runBridge, startBridge, startOnTerminal } from './run-bridge.ts'
import { openTeamWorkspace, type TeamWorkspace } from './team-workspace.ts'

let team: TeamWorkspace

beforeAll(async () => {
  team = await openTeamWorkspace()
})

afterAll(() => team[Symbol.asyncDispose]())

const echo = (message: string, place = team) =>
  runBridge(['call', 'everything__echo', `message=${message}`], place)

/** Calls until the log is seen to be followed: what was called before that is not shown. */
async function follow(args: string[]): Promise<Running> {
  const running = startBridge(['tail', ...args], team)
  const calling = new AbortController()
  const seen = running.shows('echo').finally(() => calling.abort())
  while (!calling.signal.aborted) await Promise.race([seen, echo('again')])
  return running
}

const lineCount = (running: Running) => running.stdout().split('\n').length - 1

it('shows the rows as they are written, in columns', async () => {
  await using running = await follow([])
  expect(running.stdout().split('\n')[0]).toMatch(
    /^\d\d:\d\d:\d\d tester +mcpgw\/\S+ +everything\.echo +ok +\d+ ms$/,
  )
})

it('begins earlier with --since, keeps the order, and ends after --limit', async () => {
  await echo('one')
  await runBridge(['call', 'scripted__fail'], team)
  const { code, stdout } = await runBridge(['tail', '--since', '5m', '--limit', '2', '--json'], team)
  expect(code).toBe(0)
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows).toHaveLength(2)
  expect(rows[0].seq).toBeLessThan(rows[1].seq)
  const late = await runBridge(['tail', '--since', '1d', '--outcome', 'tool_error', '--limit', '1'], team)
  expect(late.stdout).toMatch(/scripted\.fail +tool_error/)
})

it.each([
  [['--server', 'scripted'], ({ server }: { server: string }) => server === 'scripted'],
  [['--tool', 'everything__echo'], ({ tool }: { tool: string }) => tool === 'echo'],
  [['--tool', 'echo', '--member', 'tester'], ({ member }: { member: string }) => member === 'tester'],
])('shows only what is asked for with %j', async (filter, isWanted) => {
  await echo('one')
  await runBridge(['call', 'scripted__fail'], team)
  const { stdout } = await runBridge(['tail', '--since', '1h', '--limit', '1', '--json', ...filter], team)
  expect(isWanted(JSON.parse(stdout))).toBe(true)
})

it('goes on where it was after the gateway was restarted, and says so', async () => {
  await using running = await follow(['--json'])
  const before = lineCount(running)
  await team.plane.kill('SIGKILL')
  await team.plane.start()
  await vi.waitFor(async () => expect((await echo('after')).code).toBe(0), 20_000)
  await vi.waitFor(() => expect(lineCount(running)).toBeGreaterThan(before), 20_000)
  const numbers = running
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).seq)
  const first = numbers[0]
  expect(numbers).toEqual(numbers.map((_, index) => first + index))
  running.child.kill('SIGINT')
  expect((await running.ended).stderr).toBe('Warning: The connection was lost. Trying again.\n')
})

it('stops and tells when the token is revoked', async () => {
  const issued = await team.plane.api('POST', '/workspaces/team/tokens', {
    name: 'soon gone',
    member: 'gone',
    role: 'developer',
  })
  const place = { url: team.url, token: String(issued.token) }
  await echo('mine', { ...team, ...place })
  await using running = startBridge(['tail', '--since', '5m'], place)
  await running.shows('everything.echo')
  await team.plane.api('DELETE', `/workspaces/team/tokens/${issued.id}`)
  const { code, stderr } = await running.ended
  expect(code).toBe(4)
  expect(stderr).toContain('mcpgw login')
})

it('tells a readonly token that it may not read the log', async () => {
  const token = await team.plane.token('team', { role: 'readonly' })
  const { code, stdout, stderr } = await runBridge(['tail'], { url: team.url, token })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('This token may not read the log.')
})

it.each([60, 80, 120])('shows in %i columns how a call ended', async (columns) => {
  await echo('one')
  const args = ['tail', '--since', '1h', '--tool', 'echo', '--limit', '1']
  const { stdout } = await startOnTerminal(args, team, { columns }).ended
  const row = stdout.split('\r\n').find((line) => line.includes(' ok ')) ?? ''
  expect(row).toMatch(/^\d\d:\d\d:\d\d tes.* everything\.?.* ok +\d+ ms$/)
  expect(row.length).toBeLessThanOrEqual(columns)
})

it('ends quietly with Ctrl-C', async () => {
  await using running = startOnTerminal(['tail', '--since', '1h'], team)
  await running.shows('everything.echo')
  running.child.stdin.write('\u0003')
  expect((await running.ended).code).toBe(0)
})

it('ends quietly when head has read enough', async () => {
  const command = `"${process.execPath}" "${BRIDGE}" tail --since 1h | head -1; exit \${PIPESTATUS[0]}`
  const child = spawn('bash', ['--norc', '-c', command], { env: environment(team) })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  const ended = once(child, 'close')
  const calling = new AbortController()
  void ended.then(() => calling.abort())
  // It learns that nobody reads when it writes the next time.
  while (!calling.signal.aborted) await Promise.race([ended, echo('more').then(() => pause(50))])
  expect((await ended)[0]).toBe(0)
  expect(said).toBe('')
})

it('colours what failed on a terminal, unless told not to', async () => {
  await runBridge(['call', 'scripted__fail'], team)
  const args = ['tail', '--since', '1h', '--outcome', 'tool_error', '--limit', '1']
  const coloured = await startOnTerminal(args, team).ended
  expect(coloured.stdout).toContain('\u001b[31m')
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    expect((await startOnTerminal(args, team, { env }).ended).stdout).not.toContain('\u001b')
  }
})

it.each([
  [['--since', 'yesterday'], 'is no time'],
  [['--limit', '0'], 'is no number of rows'],
  [['--outcome', 'good'], 'Allowed choices are ok'],
])('is wrong usage with %j', async (args, words) => {
  const { code, stderr } = await runBridge(['tail', ...args], team)
  expect(code).toBe(2)
  expect(stderr).toContain(words)
})
