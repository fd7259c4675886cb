import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { environment, type Finished, type Place } from './run-bridge.ts'
import { openTeamWorkspace, type TeamWorkspace } from './team-workspace.ts'

const WORKFLOW = resolve(import.meta.dirname, '../../../../examples/ci/github-actions.yml')
const LAUNCHER = 'npx -y --allow-remote=all "$MCPGW_WORKSPACE"'

const open = new AsyncDisposableStack()
let team: TeamWorkspace
let text: string
let folder: string

beforeAll(async () => {
  team = open.use(await openTeamWorkspace())
  text = await readFile(WORKFLOW, 'utf8')
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-ci-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
})

afterAll(() => open.disposeAsync())

/** What a step runs. */
function linesOf(name: string): string {
  const step = text.split('- name: ').find((part) => part.startsWith(`${name}\n`)) ?? ''
  const lines = /run: (?:\|\n)?([\s\S]*?)(?:\n\n|$)/.exec(step)?.[1] ?? ''
  expect(lines).toContain(LAUNCHER)
  return lines
}

/** As a runner does it: bash, which ends at the first failure. */
async function runStep(name: string, place: Place): Promise<Finished> {
  const child = spawn('bash', ['--norc', '-e', '-c', linesOf(name)], {
    cwd: folder,
    env: environment(place, {
      CI: 'true',
      GITHUB_SHA: 'abc123',
      HOME: folder,
      npm_config_update_notifier: 'false',
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

const gate = 'Check the way to the gateway'

it('needs nothing but the two variables it names', () => {
  const named = [...text.matchAll(/^ {6}(\w+): /gm)].map(([, name]) => name)
  expect(named.filter((name) => name?.startsWith('MCPGW_'))).toEqual(['MCPGW_WORKSPACE', 'MCPGW_TOKEN'])
  expect(text).not.toContain('\t')
})

it('lists and calls with a readonly token', async () => {
  const place = { url: team.url, token: await team.plane.token('team', { role: 'readonly' }) }
  const listed = await runStep('See what this job may use', place)
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toContain('everything__echo')
  expect(await runStep('Call a tool', place)).toEqual({
    code: 0,
    stdout: 'Echo: Built abc123\n',
    stderr: '',
  })
})

it('stops at a step that fails', async () => {
  const token = team.token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))
  expect((await runStep('Call a tool', { url: team.url, token })).code).toBe(4)
})

it('has a gate that opens for a good token, and ends with 4 for one that is not accepted', async () => {
  const token = await team.plane.token('team', { role: 'readonly' })
  const good = await runStep(gate, { url: team.url, token })
  expect(good.code, good.stdout + good.stderr).toBe(0)
  JSON.parse(good.stdout)
  const issued = await team.plane.api('POST', '/workspaces/team/tokens', {
    name: 'gone',
    member: 'm',
    role: 'readonly',
  })
  await team.plane.api('DELETE', `/workspaces/team/tokens/${issued.id}`)
  expect((await runStep(gate, { url: team.url, token: String(issued.token) })).code).toBe(4)
})
