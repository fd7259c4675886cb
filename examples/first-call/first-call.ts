/**
 * From an empty folder to the first call, and to a token that is refused: everything over what anyone outside of this
 * repository could use too, which is the `mcpgw-server` program, the admin API and the `mcpgw` bridge.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { BRIDGE_PROGRAM, ControlPlane, environment } from './control-plane.ts'
import { beginStory, tell } from './story.ts'
import { startWeatherServer } from './weather-server.ts'

const LIMIT_MS = 14_000

const { opened, folder } = await beginStory('first-call', LIMIT_MS)
await using _ = opened

tell('1. Start a control plane on an empty folder.')
const gateway = opened.use(await ControlPlane.start(join(folder, 'data')))
tell(`   It is ready at ${gateway.url}.`)

tell('2. Make the first owner token, on the machine itself.')
const owner = await gateway.command('token', 'create', '--name', 'first', '--member', 'olivia')
const asOwner = (method: string, path: string, body?: Record<string, unknown>) =>
  gateway.api(String(owner.token), method, path, body)

tell('3. Make a workspace.')
await asOwner('POST', '/workspaces', { slug: 'acme', name: 'Acme' })
const workspaceUrl = `${gateway.url}/ws/acme`
tell(`   Its URL is ${workspaceUrl}.`)

tell('4. Add a server that the gateway runs itself.')
const everything = import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js')
await asOwner('POST', '/workspaces/acme/servers', {
  name: 'everything',
  command: 'node',
  args: [fileURLToPath(everything), 'stdio'],
})
const hosted = await asOwner('POST', '/workspaces/acme/servers/everything/check')
assert.equal(hosted.status, 'ready')
tell(`   ${hosted.name}: ${hosted.status}, ${hosted.tools} tools, ${hosted.era} era.`)

tell('5. Add a remote server that demands a key.')
const key = `weather-${randomBytes(12).toString('hex')}`
const weather = opened.use(await startWeatherServer(key))
const added = await asOwner('POST', '/workspaces/acme/servers', {
  name: 'weather',
  url: weather.url,
  headers: { authorization: 'Bearer {{TOKEN}}' },
})
assert.equal(added.status, 'needs_credential')
tell(`   ${added.name}: ${added.status}.`)
const credential = await asOwner('PUT', '/workspaces/acme/servers/weather/credential', {
  values: { TOKEN: key },
})
assert.deepEqual(credential.names, ['TOKEN'])
const remote = await asOwner('POST', '/workspaces/acme/servers/weather/check')
assert.equal(remote.status, 'ready')
tell(`   With its key in the vault: ${remote.status}, ${remote.tools} tool, ${remote.era} era.`)

tell('6. Issue a token to a developer.')
const issued = await asOwner('POST', '/workspaces/acme/tokens', {
  name: 'laptop',
  member: 'dana',
  role: 'developer',
})
tell(`   ${issued.member} is a ${issued.role}; the token is shown this once.`)

tell('7. Call a tool of each server from an MCP client, through the bridge on stdio.')
const client = new Client({ name: 'first-call', version: '1.0.0' })
opened.defer(() => client.close())
const token = String(issued.token)
await client.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: [BRIDGE_PROGRAM, 'stdio', '--workspace', workspaceUrl],
    env: environment({ MCPGW_TOKEN: token, MCPGW_CONFIG_DIR: folder }),
    // What the bridge says there it also answers to the client.
    stderr: 'ignore',
  }),
)
const { tools } = await client.listTools()
tell(`   It sees ${tools.length} tools.`)
assert.equal(await call('everything__echo', { message: 'hello' }), 'Echo: hello')
const forecast = await call('weather__forecast', { city: 'Oslo' })
assert.match(forecast, /^Sunny in Oslo/)
assert.ok(!forecast.includes(key), 'the key of the weather server came back to the client')

tell('8. Read the log.')
const log = await asOwner('GET', '/workspaces/acme/audit?kind=call')
const rows = log.items as Record<string, unknown>[]
for (const { time, member, server, tool, outcome, latencyMs } of rows)
  tell(`   ${time}  ${member}  ${server}/${tool}  ${outcome}  ${latencyMs} ms`)
assert.deepEqual(
  rows.map(({ server, tool, outcome, tokenId }) => [server, tool, outcome, tokenId]),
  [
    ['weather', 'forecast', 'ok', issued.id],
    ['everything', 'echo', 'ok', issued.id],
  ],
)
const verdict = await gateway.command('audit', 'verify', 'acme')
assert.deepEqual(
  (verdict.items as Record<string, unknown>[]).map(({ ok }) => ok),
  [true],
)
tell('   The chain of its rows is intact.')

tell('9. Revoke the token. The same client, still connected, is refused.')
await asOwner('DELETE', `/workspaces/acme/tokens/${issued.id}`)
const refusal = await call('everything__echo', { message: 'again' }).catch((error: Error) => error)
assert.ok(refusal instanceof Error, 'a revoked token was still accepted')
assert.match(refusal.message, /does not accept the token/)
tell(`   ${refusal.message}`)

tell('Everything went as told.')

async function call(name: string, args: Record<string, unknown>): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args })
  const [first] = content as { text?: string }[]
  tell(`   ${name} answers: ${first?.text}`)
  return first?.text ?? ''
}
