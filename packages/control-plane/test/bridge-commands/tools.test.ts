import { afterAll, beforeAll, expect, it } from 'vitest'
import { runBridge, startOnTerminal } from './run-bridge.ts'
import { openTeamWorkspace, type TeamWorkspace } from './team-workspace.ts'

let team: TeamWorkspace

beforeAll(async () => {
  team = await openTeamWorkspace()
})

afterAll(() => team[Symbol.asyncDispose]())

const tools = (...args: string[]) => runBridge(['tools', ...args], team)

it('lists name, server, marks and the first line of what each tool does', async () => {
  const { code, stdout, stderr } = await tools()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines.find((line) => line.startsWith('everything__echo '))).toMatch(
    /^everything__echo +everything +read-only +Echoes back the input/,
  )
  expect(lines.find((line) => line.startsWith('odd__typed '))).toMatch(/^odd__typed +odd +destructive$/)
  const servers = lines.map((line) => line.split(/ +/)[1])
  expect(new Set(servers)).toEqual(new Set(['everything', 'odd', 'scripted']))
})

it('narrows the list by server and by words', async () => {
  const { stdout } = await tools('--server', 'everything', '--search', 'IMAGE tiny')
  expect(stdout.trimEnd().split('\n')).toEqual([expect.stringMatching(/^everything__get-tiny-image /)])
  const none = await tools('--server', 'everythink')
  expect(none).toMatchObject({ code: 0, stdout: '' })
  expect(none.stderr).toContain('There is: everything, odd, scripted.')
})

it('gives whole definitions with --json', async () => {
  const { items } = JSON.parse((await tools('--server', 'odd', '--json')).stdout)
  expect(items.find(({ name }: { name: string }) => name === 'odd__typed')).toMatchObject({
    server: 'odd',
    tool: 'typed',
    definition: { inputSchema: { required: ['count', 'level'] } },
  })
  expect(JSON.parse((await tools('odd__typed', '--json')).stdout)).toMatchObject({ name: 'odd__typed' })
})

it('shows one tool with its arguments and a call that works', async () => {
  const { stdout } = await tools('odd__typed')
  expect(stdout).toMatch(/^odd__typed \(destructive\)\nfrom odd, where it is called typed\n/)
  expect(stdout).toMatch(/\n {2}count +integer +required +how often\n/)
  expect(stdout).toMatch(/\n {2}tags +string\[\]\n/)
  expect(stdout).toMatch(/\n {2}level +"low" \| "high" +required\n/)
  const example = /\n {2}mcpgw (call .+)\n/.exec(stdout)?.[1] ?? ''
  const called = await runBridge(example.replaceAll("'", '').split(' '), team)
  expect(called).toMatchObject({ code: 0, stdout: '{"count":1,"level":"low"}\n' })
})

it('works for the role readonly, which sees no more than it may use', async () => {
  const token = await team.plane.token('team', { role: 'readonly', rules: { readOnlyTools: true } })
  const { code, stdout } = await runBridge(['tools'], { url: team.url, token })
  expect(code).toBe(0)
  expect(stdout).toContain('everything__echo')
  expect(stdout).not.toContain('odd__typed')
})

it('fits into the terminal', async () => {
  const { stdout } = await startOnTerminal(['tools'], team, { columns: 60 }).ended
  const lines = stdout.split('\r\n').filter((line) => line.startsWith('everything__'))
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(60)
  expect(stdout).toMatch(/…\r\n/)
  expect(stdout).toContain('To see one with its arguments: mcpgw tools everything__')
})

it('says what a token without tools sees', async () => {
  const token = await team.plane.token('team', { rules: { tools: { allow: [] } } })
  const { code, stdout, stderr } = await runBridge(['tools'], { url: team.url, token })
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toContain('This token sees no tools.')
})
