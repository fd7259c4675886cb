import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerText, type SmallUpstream, startSmall } from '../resilience/small-upstream.ts'

const BRIDGE = resolve(import.meta.dirname, '../../../bridge/dist/mcpgw.js')

let plane: ControlPlane
let upstream: SmallUpstream
let folder: string
let url: string
let token: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-doctor-'))
  upstream = await startSmall(['echo', 'sum'], (call) => answerText(call, 'done'))
  plane = await ControlPlane.start()
  ;({ url, token } = await plane.workspace('team'))
  await plane.addServer('team', { name: 'up', url: upstream.url })
}, 30_000)

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

interface Finding {
  check: string
  status: string
  message: string
  fix?: string
}

async function run(args: string[], given: string) {
  const env = {
    // Without npx, which has nothing to do with the control plane.
    PATH: folder,
    MCPGW_CONFIG_DIR: folder,
    MCPGW_STORAGE: 'file',
    MCPGW_WORKSPACE: url,
    MCPGW_TOKEN: given,
  }
  const child = spawn(process.execPath, [BRIDGE, ...args, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { code, answer: JSON.parse(stdout) }
}

async function doctor(given: string) {
  const { code, answer } = await run(['doctor'], given)
  const findings: Finding[] = answer.findings
  return { code, of: (check: string) => findings.filter((finding) => finding.check === check), findings }
}

it('finds a workspace well, from the node to the tools', async () => {
  const { code, of, findings } = await doctor(token)
  expect(findings.filter(({ status }) => status === 'failed')).toEqual([])
  for (const check of ['http', 'clock', 'version', 'token', 'workspace', 'servers', 'tools']) {
    expect(
      of(check).map(({ status }) => status),
      check,
    ).toEqual(['ok'])
  }
  expect(of('servers')[0]?.message).toBe('up: 2 tools')
  expect(of('tools')[0]?.message).toMatch(/^2 listed/)
  expect(code).toBe(0)
})

it('is content with what a readonly token may see', async () => {
  const { code, of } = await doctor(await plane.token('team', { role: 'readonly' }))
  expect(of('servers').map(({ status }) => status)).toEqual(['skipped'])
  expect(of('tools').map(({ status }) => status)).toEqual(['ok'])
  expect(code).toBe(0)
})

it('misses the login once the token is revoked', async () => {
  const issued = await plane.api('POST', '/workspaces/team/tokens', {
    name: 'r',
    member: 'm',
    role: 'developer',
  })
  await plane.api('DELETE', `/workspaces/team/tokens/${issued.id}`)
  const { code, of } = await doctor(String(issued.token))
  expect(of('token')).toMatchObject([{ status: 'failed', reason: 'login_needed' }])
  expect(code).toBe(4)
})

it('names the server that fails, and what to do', async () => {
  const { slug } = await plane.workspace('broken')
  await plane.addServer(slug, { name: 'gone', url: 'http://127.0.0.1:1/mcp' })
  const answer = await run(['doctor', '--workspace', `${plane.url}/ws/${slug}`], await plane.token(slug))
  const findings: Finding[] = answer.answer.findings
  const [server] = findings.filter(({ check }) => check === 'servers')
  expect(server?.status).toBe('failed')
  expect(server?.message).toMatch(/^gone: failing\. ./)
  expect(answer.code).toBe(1)
})

it('shows the status with the last calls of this member', async () => {
  const params = { name: 'up__echo', arguments: {} }
  await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'up__echo',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  }).then((response) => response.text())
  const { code, answer } = await run(['status'], token)
  expect(answer).toMatchObject({
    workspace: url,
    role: 'developer',
    member: 'tester',
    gateway: { reachable: true },
  })
  expect(answer.servers).toMatchObject([{ name: 'up', status: 'ready', tools: 2 }])
  expect(answer.calls[0]).toMatchObject({ shownAs: 'up__echo', outcome: 'ok' })
  expect(code).toBe(0)
})
