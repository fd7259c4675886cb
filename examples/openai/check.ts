/**
 * Every example of this folder, tried: against a control plane that runs for the purpose, its real server, and a model that
 * says what it is scripted to.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ControlPlane, environment } from '../first-call/control-plane.ts'
import { startScriptedModel } from './scripted-model.ts'

const LIMIT_MS = 60_000
const ANSWER = 'The sum of 2 and 40 is 42.\n'

const run = promisify(execFile)
const tell = (line: string) => void process.stdout.write(`${line}\n`)

await using opened = new AsyncDisposableStack()
const tooLate = setTimeout(() => {
  tell(`Not done after ${LIMIT_MS / 1000} seconds.`)
  void opened.disposeAsync().finally(() => process.exit(1))
}, LIMIT_MS)
opened.defer(() => clearTimeout(tooLate))
const folder = await mkdtemp(join(tmpdir(), 'mcpgw-openai-'))
opened.defer(() => rm(folder, { recursive: true, force: true }))
const gateway = opened.use(await ControlPlane.start(join(folder, 'data')))
const model = opened.use(await startScriptedModel())
const env = environment({
  ...(await prepareWorkspace()),
  OPENAI_BASE_URL: model.url,
  OPENAI_API_KEY: 'not a real one',
})

for (const api of ['chat', 'responses'])
  assert.equal(await printed(process.execPath, ['tool-loop.ts', api, 'What is 2 + 40?']), ANSWER)
assert.equal(await printed(process.execPath, ['vercel-ai.ts', 'What is 2 + 40?']), ANSWER)
await tryCurl()
await tryPython()

async function prepareWorkspace(): Promise<Record<string, string>> {
  const owner = await gateway.command('token', 'create', '--name', 'check', '--member', 'check')
  const asOwner = (path: string, body?: Record<string, unknown>) =>
    gateway.api(String(owner.token), 'POST', path, body)
  await asOwner('/workspaces', { slug: 'my-team' })
  const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
  const server = { name: 'everything', command: 'node', args: [program, 'stdio'] }
  await asOwner('/workspaces/my-team/servers', server)
  const { status } = await asOwner('/workspaces/my-team/servers/everything/check')
  assert.equal(status, 'ready')
  const issued = await asOwner('/workspaces/my-team/tokens', {
    name: 'agent',
    member: 'check',
    role: 'developer',
  })
  return { MCPGW_WORKSPACE: `${gateway.url}/ws/my-team`, MCPGW_TOKEN: String(issued.token) }
}

async function tryCurl(): Promise<void> {
  const [list = '', results = '', ...events] = (await printed('sh', ['calls.sh'])).split('\n')
  assert.ok(Array.isArray(JSON.parse(list).tools))
  const { messages } = JSON.parse(results) as { messages: { content: string }[] }
  assert.deepEqual(
    messages.map(({ content }) => content),
    ['The sum of 2 and 40 is 42.', 'Echo: hello'],
  )
  assert.ok(events.includes('event: result') && events.includes('event: done'))
}

async function tryPython(): Promise<void> {
  const version = await run('python3', ['--version'], { env }).catch(() => undefined)
  if (version === undefined) return tell('tool_loop.py was not tried: there is no python3 here.')
  const isInstalled = await run('python3', ['-c', 'import openai'], { env }).catch(() => undefined)
  if (isInstalled === undefined)
    tell('tool_loop.py is tried with a stand-in: the package openai is not installed.')
  const more = isInstalled === undefined ? { PYTHONPATH: join(import.meta.dirname, 'stand-in') } : {}
  for (const api of ['chat', 'responses'])
    assert.equal(await printed('python3', ['-B', 'tool_loop.py', api, 'What is 2 + 40?'], more), ANSWER)
}

async function printed(command: string, args: string[], more: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(command, args, { cwd: import.meta.dirname, env: { ...env, ...more } })
  tell(`${args.join(' ')}: as it should be`)
  return stdout
}
