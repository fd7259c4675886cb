/**
 * Every example of this folder, tried: against a control plane that runs for the purpose, its real server, and a model that
 * says what it is scripted to.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ControlPlane, environment } from '../first-call/control-plane.ts'
import { prepareMyTeam } from '../first-call/my-team.ts'
import { beginStory, tell } from '../first-call/story.ts'
import { startScriptedModel } from './scripted-model.ts'

const LIMIT_MS = 60_000
const ANSWER = 'The sum of 2 and 40 is 42.\n'

const run = promisify(execFile)

const { opened, folder } = await beginStory('openai', LIMIT_MS)
await using _ = opened
const gateway = opened.use(await ControlPlane.start(join(folder, 'data')))
const model = opened.use(await startScriptedModel())
const { workspaceUrl, token } = await prepareMyTeam(gateway)
const env = environment({
  MCPGW_WORKSPACE: workspaceUrl,
  MCPGW_TOKEN: token,
  OPENAI_BASE_URL: model.url,
  OPENAI_API_KEY: 'not a real one',
})

for (const api of ['chat', 'responses'])
  assert.equal(await printed(process.execPath, ['tool-loop.ts', api, 'What is 2 + 40?']), ANSWER)
assert.equal(await printed(process.execPath, ['vercel-ai.ts', 'What is 2 + 40?']), ANSWER)
await tryCurl()
await tryPython()

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
