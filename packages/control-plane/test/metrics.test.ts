import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../src/access/token-format.ts'
import { ControlPlane } from './control-plane.ts'
import { connect } from './gateway/clients.ts'

const METRICS_TOKEN = mintToken({ bytes: randomBytes })
const HOSTILE = resolve(import.meta.dirname, 'servers/crash-mid-call-stdio.ts')
const open = new AsyncDisposableStack()
let plane: ControlPlane
let eng: { slug: string; url: string; token: string }

beforeAll(async () => {
  plane = open.use(await ControlPlane.start({ env: { MCPGW_METRICS_TOKEN: METRICS_TOKEN } }))
  eng = await plane.workspace('eng')
  const command = { command: process.execPath, args: [HOSTILE] }
  await plane.addServer('eng', { name: 'shaky', ...command })
  await plane.addServer('eng', { name: 'resting', ...command })
  await plane.api('PATCH', '/workspaces/eng/servers/resting', { enabled: false })
}, 30_000)
afterAll(() => open.disposeAsync(), 15_000)

const ask = (token?: string, path = '/metrics') =>
  fetch(
    new URL(path, plane.url),
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  )

/** The value of each series, by its name and labels as they stand there. */
async function read(): Promise<Map<string, number>> {
  const text = await (await ask(METRICS_TOKEN)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [, series = '', value] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? [line]
      expect(value, line).toBeDefined()
      return [series, Number(value)]
    }),
  )
}

describe('/metrics', () => {
  it('counts calls by workspace, server and outcome, with how long they took', async () => {
    await using client = await connect({ era: 'legacy', way: 'directly', ...eng })
    await client.call('shaky__echo')
    await client.call('shaky__echo')
    await client.call('shaky__crash').catch(() => {})
    await client.call('shaky__made-up-by-the-caller').catch(() => {})
    const series = await read()
    const calls = (labels: string) => series.get(`mcpgw_calls_total{workspace="eng",${labels}}`)
    expect(calls('server="shaky",outcome="ok"')).toBe(2)
    expect(calls('server="shaky",outcome="unreachable"')).toBe(1)
    expect(calls('server="",outcome="denied"')).toBe(1)
    for (const name of ['call', 'upstream']) {
      const of = (part: string) =>
        series.get(`mcpgw_${name}_duration_seconds_${part}workspace="eng",server="shaky"}`) ?? Number.NaN
      expect(of('count{')).toBe(3)
      expect(of('sum{')).toBeGreaterThan(0)
      expect(of('bucket{le="60",')).toBe(3)
    }
    expect([...series.keys()].filter((name) => /echo|crash|made-up/.test(name))).toEqual([])
  })

  it('shows what is so at the moment, and what the process takes', async () => {
    const series = await read()
    expect(series.get('mcpgw_servers{workspace="eng",status="disabled"}')).toBe(1)
    expect(series.get('mcpgw_audit_writable')).toBe(1)
    expect(series.get('mcpgw_running_calls')).toBe(0)
    expect([...series.keys()].filter((name) => name.startsWith('mcpgw_build_info{version="'))).toHaveLength(1)
    expect(series.get('mcpgw_management_actions_total{action="server.create",outcome="ok"}')).toBe(2)
    expect(series.get('process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect([...series.keys()].some((name) => name.startsWith('nodejs_eventloop_lag_p99_seconds'))).toBe(true)
  })

  it('counts an event stream for as long as it is open', async () => {
    const streams = async () => (await read()).get('mcpgw_open_streams')
    const before = await streams()
    const client = await connect({ era: 'modern', way: 'through the bridge', ...eng })
    await expect.poll(streams).toBe(Number(before) + 1)
    await client[Symbol.asyncDispose]()
    await expect.poll(streams).toBe(before)
  })

  it('[W10] is read by owners, and by the token that is made for it and opens nothing else', async () => {
    expect((await ask(plane.ownerToken)).status).toBe(200)
    const read = await ask(METRICS_TOKEN)
    expect(read.status).toBe(200)
    expect(read.headers.get('content-type')).toMatch(/^text\/plain; version=/)
    expect(read.headers.get('cache-control')).toBe('no-store')
    expect((await ask(METRICS_TOKEN, '/api/v1/whoami')).status).toBe(401)
    expect((await ask(METRICS_TOKEN, '/ws/eng/openai/tools')).status).toBe(401)
  })

  it('[W10] is refused to everybody else, with a reason', async () => {
    const anonymous = await ask()
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers.get('www-authenticate')).toContain('Bearer')
    for (const role of ['admin', 'developer', 'readonly']) {
      const refused = await ask(await plane.token('eng', { role }))
      expect(refused.status, role).toBe(403)
      expect(await refused.json()).toMatchObject({
        code: 'forbidden',
        fix: expect.stringContaining('MCPGW_METRICS_TOKEN'),
      })
    }
  })

  it('[W10] is not guessed at: wrong tokens are counted with all others', async () => {
    const wrong = await Promise.all(Array.from({ length: 12 }, () => ask(mintToken({ bytes: randomBytes }))))
    expect(wrong.map(({ status }) => status)).toContain(429)
    expect((await ask(METRICS_TOKEN)).status).toBe(200)
  })
})
