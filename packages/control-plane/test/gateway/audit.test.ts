import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROGRAM } from '../program.ts'
import { CLIENTS, connect } from './clients.ts'
import {
  eraOf,
  KINDS,
  type Kind,
  openScriptedWorkspace,
  type ScriptedWorkspace,
} from './scripted-workspace.ts'

const open = new AsyncDisposableStack()
let workspace: ScriptedWorkspace

beforeAll(async () => {
  workspace = open.use(await openScriptedWorkspace({ timeoutMs: 1_000 }))
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

interface Row {
  seq: number
  server: string
  tool: string
  shownAs: string
  member: string
  role: string
  client: string
  method: string
  outcome: string
  reason?: string
  latencyMs: number
  upstreamMs: number | null
  bytesIn: number
  bytesOut: number
  requestId: string
}

async function rowsOf(filter: Record<string, string>, token?: string): Promise<Row[]> {
  const query = new URLSearchParams({ kind: 'call', limit: '200', ...filter })
  const { items } = await workspace.plane.api(
    'GET',
    `/workspaces/${workspace.slug}/audit?${query}`,
    undefined,
    token,
  )
  // The shape is a part of the public contract; a wrong one fails below.
  return items as Row[]
}

const PROVOKED = ['peek', 'fail', 'refuse', 'ask-url', 'wait', 'cancel', 'drop'] as const
type Provoked = (typeof PROVOKED)[number]

const OUTCOMES: Record<Provoked, string> = {
  peek: 'ok',
  fail: 'tool_error',
  refuse: 'protocol_error',
  'ask-url': 'denied',
  wait: 'timeout',
  cancel: 'cancelled',
  drop: 'unreachable',
}

describe.each(CLIENTS)('calls of a $era client $way', ({ era, way }) => {
  const member = `${era} ${way}`.replaceAll(' ', '-')
  let token: string

  beforeAll(async () => {
    const rules = { tools: { deny: ['*/ask-url'] } }
    token = await workspace.plane.token(workspace.slug, { member, rules })
  })

  it('leave one row each, with what became of them at every kind of server', async () => {
    await Promise.all(KINDS.map(provokeAll))
  }, 15_000)

  async function provokeAll(kind: Kind): Promise<void> {
    await using client = await connect({ era, way, url: workspace.url, token })
    for (const provoked of PROVOKED) await provoke(client, kind, provoked)
    const inLog = async () => (await rowsOf({ member, server: kind })).length
    await expect.poll(inLog).toBe(PROVOKED.length)

    const rows = (await rowsOf({ member, server: kind })).sort((one, other) => one.seq - other.seq)
    expect(rows.map(({ outcome }) => outcome)).toEqual(PROVOKED.map((provoked) => OUTCOMES[provoked]))
    const tools = PROVOKED.map((provoked) => (provoked === 'cancel' ? 'wait' : provoked))
    expect(rows.map(({ tool }) => tool)).toEqual(tools)
    expect(rows.map(({ shownAs }) => shownAs)).toEqual(tools.map((tool) => `${kind}__${tool}`))
    expect(new Set(rows.map(({ requestId }) => requestId)).size).toBe(rows.length)
    for (const row of rows) {
      expect(row).toMatchObject({
        member,
        role: 'developer',
        method: 'tools/call',
        client: `${era}-client/1.0`,
      })
      expect(row.latencyMs).toBeGreaterThan(0)
      expect(row.bytesIn).toBeGreaterThan(50)
      expect(row.bytesOut).toBeGreaterThan(20)
      if (row.outcome === 'denied') {
        expect(row).toMatchObject({ reason: 'tool_denied', upstreamMs: null })
      } else {
        expect(row.upstreamMs).toBeGreaterThan(0)
        expect(row.upstreamMs).toBeLessThanOrEqual(row.latencyMs)
      }
    }
    const timeout = rows.find(({ outcome }) => outcome === 'timeout')
    expect(timeout?.latencyMs).toBeGreaterThanOrEqual(990)
    expect(timeout?.latencyMs).toBeLessThan(3_000)
  }
})

async function provoke(
  client: Awaited<ReturnType<typeof connect>>,
  kind: Kind,
  provoked: Provoked,
): Promise<void> {
  if (provoked !== 'cancel') return void (await client.call(`${kind}__${provoked}`).catch(() => {}))
  const calls = () => workspace.heard(kind).filter(({ raw }) => raw.includes('"name":"wait"')).length
  const before = calls()
  const controller = new AbortController()
  const call = client.call(`${kind}__wait`, {}, { signal: controller.signal })
  await expect.poll(calls, { interval: 5 }).toBeGreaterThan(before)
  controller.abort('enough')
  await expect(call).rejects.toThrow()
}

it('tells what was asked that does not exist', async () => {
  await using client = await connect({ era: 'legacy', way: 'directly', ...workspace })
  await expect(client.call('nobody__nothing')).rejects.toThrow('Unknown tool: nobody__nothing')
  const [row] = await rowsOf({ member: 'tester', outcome: 'denied' })
  expect(row).toMatchObject({ server: null, tool: null, shownAs: 'nobody__nothing', reason: 'unknown' })
})

it('has rows of prompts, resources and questions too', async () => {
  await using client = await connect({
    era: 'modern',
    way: 'directly',
    ...workspace,
    answer: () => ({ action: 'accept', content: { name: 'Ada', colour: 'blue' } }),
  })
  const uri = `mcpgw://modern-http/${encodeURIComponent('scripted://same')}`
  await client.read(uri)
  await client.prompt('nobody__nothing').catch(() => {})
  await client.call('legacy-http__ask-twice')
  const rows = (await rowsOf({ member: 'tester' })).sort((one, other) => one.seq - other.seq).slice(-5)
  expect(rows).toMatchObject([
    { method: 'resources/read', server: 'modern-http', tool: 'scripted://same', shownAs: uri, outcome: 'ok' },
    { method: 'prompts/get', server: null, shownAs: 'nobody__nothing', outcome: 'denied' },
    { method: 'tools/call', tool: 'ask-twice', outcome: 'ok', reason: 'input_required' },
    { method: 'tools/call', tool: 'ask-twice', outcome: 'ok', reason: 'input_required' },
    { method: 'tools/call', tool: 'ask-twice', outcome: 'ok' },
  ])
  expect(rows[4]?.reason).toBeUndefined()
})

it('shows a developer their own rows and nobody else’s, whatever they ask for', async () => {
  const token = await workspace.plane.token(workspace.slug, { member: 'curious' })
  await using client = await connect({ era: 'modern', way: 'directly', url: workspace.url, token })
  await client.call('legacy-http__peek')
  const own = await rowsOf({}, token)
  expect(own.map(({ member, tool }) => [member, tool])).toEqual([['curious', 'peek']])
  expect(await rowsOf({ member: 'tester' }, token)).toEqual([])
  const readonly = await workspace.plane.token(workspace.slug, { member: 'curious', role: 'readonly' })
  const refused = await workspace.plane.tryApi(
    'GET',
    `/workspaces/${workspace.slug}/audit`,
    undefined,
    readonly,
  )
  expect(refused.status).toBe(403)
})

it('is whole, as the API and the command line both find', async () => {
  const verdict = await workspace.plane.api('GET', `/workspaces/${workspace.slug}/audit/verify`)
  expect(verdict.ok).toBe(true)
  expect(verdict.rows).toBeGreaterThan(CLIENTS.length * KINDS.length * PROVOKED.length)
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [PROGRAM, 'audit', 'verify', workspace.slug, '--json', '--data-dir', workspace.plane.dataDir],
    { env: { PATH: process.env.PATH } },
  )
  expect(JSON.parse(stdout)).toMatchObject({ items: [{ workspace: workspace.slug, ok: true }] })
})

it('knows every server’s era from the calls themselves', () => {
  for (const kind of KINDS) expect(workspace.heard(kind).length, `${kind} ${eraOf(kind)}`).toBeGreaterThan(0)
})
