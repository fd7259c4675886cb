/**
 * Every configuration in this folder, tried: each is read as its client would read it, starts the bridge of this
 * repository instead of the published one, and lists and calls a tool of a control plane that runs for the purpose.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { BRIDGE_PROGRAM, ControlPlane, environment } from '../first-call/control-plane.ts'
import { prepareMyTeam } from '../first-call/my-team.ts'
import { beginStory, tell } from '../first-call/story.ts'
import { type Entry, readJsonEntry, readTomlEntry, readWorkflow } from './read-config.ts'

const PLACEHOLDER = 'https://gateway.example.com/ws/my-team'
const LAUNCHER = ['npx', '-y', '--prefer-offline', 'mcpgw@1']
const LIMIT_MS = 25_000

const run = promisify(execFile)
const read = (name: string) => readFile(join(import.meta.dirname, name), 'utf8')

const { opened, folder } = await beginStory('clients', LIMIT_MS)
await using _ = opened
const gateway = opened.use(await ControlPlane.start(join(folder, 'data')))
const { workspaceUrl, token } = await prepareMyTeam(gateway)

const desktop = { MCPGW_CONFIG_DIR: join(folder, 'desktop') }
await logInByHand(desktop)
for (const file of ['claude-desktop.json', 'cursor.json', 'vscode.json'])
  await tryOut(file, readJsonEntry(await read(file)), desktop)
await tryOut('codex.toml', readTomlEntry(await read('codex.toml')), desktop)

const runner = { MCPGW_CONFIG_DIR: join(folder, 'runner') }
const workflow = readWorkflow(await read('github-actions.yml'))
await runInShell(workflow.login, { ...runner, MCPGW_TOKEN: token, MCPGW_WORKSPACE: workspaceUrl })
await tryOut('github-actions.yml', workflow.entry, runner)
// Where the agent passes its environment on, no login is needed.
const passedOn = { MCPGW_CONFIG_DIR: join(folder, 'none'), MCPGW_TOKEN: token, MCPGW_WORKSPACE: workspaceUrl }
await tryOut('github-actions.yml, environment only', workflow.entry, passedOn)

/** The file instead of the keychain, because the one of whoever runs this is not ours to write to. */
function logInByHand(place: Record<string, string>): Promise<void> {
  const command = `printenv MCPGW_TOKEN | ${LAUNCHER.join(' ')} login ${PLACEHOLDER} --with-token`
  return runInShell(command, { ...place, MCPGW_TOKEN: token })
}

async function runInShell(line: string, more: Record<string, string>): Promise<void> {
  assert.ok(line.includes(LAUNCHER.join(' ')), `does not start the bridge by ${LAUNCHER.join(' ')}: ${line}`)
  const ours = line
    .replace(LAUNCHER.join(' '), `"${process.execPath}" "${BRIDGE_PROGRAM}"`)
    .replace(PLACEHOLDER, workspaceUrl)
  await run('/bin/sh', ['-c', ours], { env: environment({ MCPGW_STORAGE: 'file', ...more }) })
}

/** The same arguments, behind the bridge of this repository and for the workspace that runs here. */
function locally({ command, args }: Entry): Entry {
  const given = [command, ...args]
  assert.deepEqual(given.slice(0, LAUNCHER.length), LAUNCHER)
  const rest = given.slice(LAUNCHER.length).map((arg) => (arg === PLACEHOLDER ? workspaceUrl : arg))
  assert.ok(!rest.some((arg) => arg.includes('example.com')), 'a placeholder that is not documented')
  return { command: process.execPath, args: [BRIDGE_PROGRAM, ...rest] }
}

async function tryOut(name: string, entry: Entry, more: Record<string, string>): Promise<void> {
  const client = new Client({ name: 'check', version: '1.0.0' })
  try {
    await client.connect(new StdioClientTransport({ ...locally(entry), env: environment(more) }))
    const { tools } = await client.listTools()
    const { content } = await client.callTool({ name: 'everything__echo', arguments: { message: name } })
    assert.deepEqual(content, [{ type: 'text', text: `Echo: ${name}` }])
    tell(`${name}: ${tools.length} tools, and a call is answered.`)
  } finally {
    await client.close()
  }
}
