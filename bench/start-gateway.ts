/**
 * Starts the control plane as the speed comparison measures it: one workspace, every upstream behind a credential from
 * the vault, token check, policy and durable log on. Configured by the environment:
 *
 *   BENCH_PORT       port to listen on
 *   BENCH_UPSTREAMS  JSON [{ "name", "url" }]
 *   BENCH_DIR        folder for data
 *   BENCH_TOKEN      a well-formed token, with which the workspace `bench` is called
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const { BENCH_PORT = '8787', BENCH_UPSTREAMS = '[]', BENCH_DIR = tmpdir(), BENCH_TOKEN = '' } = process.env
const url = `http://127.0.0.1:${BENCH_PORT}`

process.env.MCPGW_OWNER_TOKEN = BENCH_TOKEN
process.argv.push('--port', BENCH_PORT, '--data-dir', mkdtempSync(join(BENCH_DIR, 'mcpgw-')))
process.argv.push('--hosting', 'off', '--allow-upstream', '127.0.0.0/8')
// The program runs until it is told to stop, so nobody waits for it here.
const program: string = '../packages/control-plane/dist/mcpgw-server.js'
const running = import(program)
running.catch(() => process.exit(1))
// Where another program started it and is gone, the program is told to stop. Waiting for that must not keep it running.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

while (!(await isReady())) await delay(20)
await ask('POST', '/workspaces', { slug: 'bench', name: 'Bench' })
for (const { name, url: upstream } of JSON.parse(BENCH_UPSTREAMS) as { name: string; url: string }[]) {
  const headers = { Authorization: 'Bearer {{TOKEN}}' }
  await ask('POST', '/workspaces/bench/servers', { name, url: upstream, headers })
  const TOKEN = randomBytes(30).toString('base64url')
  await ask('PUT', `/workspaces/bench/servers/${name}/credential`, { values: { TOKEN } })
}

async function isReady(): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined)
  return answer?.ok === true
}

async function ask(method: string, path: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${BENCH_TOKEN}`, 'content-type': 'application/json' }
  const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
}
