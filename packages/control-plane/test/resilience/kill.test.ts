import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isFull } from '../full-counts.ts'
import { isRunning } from '../servers/is-running.ts'
import { canLookAtProcesses, hostedProcesses } from './hosted-processes.ts'
import { runProgram } from './run-program.ts'
import { answerJson, answerText, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const STUBBORN = join(import.meta.dirname, '../servers/stubborn-stdio.ts')
const KILLS = isFull ? 10 : 4
const BARE_KILLS = isFull ? 100 : 20
const CALLERS = 6

/** Calls without pause and remembers, by trace id, each call whose answer arrived whole. */
class Load {
  readonly answered: string[] = []
  readonly #client: WireClient
  readonly #tools: readonly string[]
  #running = true
  readonly #callers: Promise<void>[]

  constructor(client: WireClient, tools: readonly string[]) {
    this.#client = client
    this.#tools = tools
    this.#callers = Array.from({ length: CALLERS }, (_, caller) => this.#keepCalling(caller))
  }

  async #keepCalling(caller: number): Promise<void> {
    for (let turn = caller; this.#running; turn++) {
      const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
      const params = { name: this.#tools[turn % this.#tools.length], arguments: {}, _meta: { traceparent } }
      try {
        const { status, body } = await this.#client.send('tools/call', params)
        if (status === 200 && (body.result ?? body.error) !== undefined) this.answered.push(traceparent)
      } catch {
        // The gateway is gone just now.
        await delay(20)
      }
    }
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#callers)
  }
}

/** How often each trace id is in the log. */
function logged(dataDir: string): Map<string, number> {
  using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { readOnly: true })
  const rows = database.prepare('select trace_id, count(*) as times from audit_rows group by trace_id').all()
  return new Map(rows.map(({ trace_id, times }) => [String(trace_id), Number(times)]))
}

it('comes back from ten kills under load with every answered call in the log, its sessions, and no process left behind', async () => {
  await using upstream = await startSmall(['echo'], (call) => answerText(call, 'ok'))
  await using plane = await ControlPlane.start()
  const { slug, url, token } = await plane.workspace('team')
  await plane.addServer(slug, { name: 'remote', url: upstream.url })
  await plane.addServer(slug, { name: 'stubborn', command: 'node', args: [STUBBORN] })
  const client = await WireClient.open(url, token)
  const { sessionId } = client
  const load = new Load(client, ['remote__echo', 'remote__echo', 'stubborn__echo'])
  const readyAfterMs: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const before = load.answered.length
    await vi.waitFor(() => expect(load.answered.length).toBeGreaterThan(before + 20), 5_000)
    const pids = await hostedPids(client, plane)
    await plane.kill('SIGKILL')
    const killedAt = performance.now()
    await plane.start()
    expect((await fetch(`${plane.url}/readyz`)).status).toBe(200)
    readyAfterMs.push(performance.now() - killedAt)
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), 6_000)
  }
  const before = load.answered.length
  await vi.waitFor(() => expect(load.answered.length).toBeGreaterThan(before + 20), 5_000)
  await load.stop()
  expect(await client.call('remote__echo')).toBe('ok')
  expect(client.sessionId).toBe(sessionId)
  expect(Math.max(...readyAfterMs), `ready after ${readyAfterMs.map(Math.round)} ms`).toBeLessThan(3_000)

  const times = logged(plane.dataDir)
  expect(load.answered.length).toBeGreaterThan(KILLS * 20)
  expect(load.answered.filter((trace) => times.get(trace) !== 1)).toEqual([])
  const verified = await runProgram(['--data-dir', plane.dataDir, 'audit', 'verify', slug, '--json'])
  expect(verified).toMatchObject({ code: 0 })
  expect(JSON.parse(verified.stdout)).toMatchObject({ items: [{ workspace: slug, ok: true }] })
}, 60_000)

/** The stubborn server, which ends only by force, and its grandchild. */
async function hostedPids(client: WireClient, plane: ControlPlane): Promise<number[]> {
  const { own, grandchild } = JSON.parse(await client.call('stubborn__pids')) as {
    own: number
    grandchild: number
  }
  // In a sandbox it counts its processes anew: the host knows them by other numbers.
  const all = canLookAtProcesses ? hostedProcesses(plane.dataDir) : [own, grandchild]
  expect(all.filter(isRunning).length).toBeGreaterThanOrEqual(2)
  return all
}

type Provoked = 'ok' | 'fail' | 'refuse' | 'hang' | 'drop' | 'secret' | 'cancel' | 'leave'

/** What each provokes, at a server or at the gateway, or by going away. */
const PROVOKED: readonly Provoked[] = [
  'ok',
  'ok',
  'fail',
  'refuse',
  'drop',
  'secret',
  'cancel',
  'leave',
  'hang',
]

/** Provokes everything that can become of a call, and remembers each call and each answer that arrived whole. */
class MixedLoad {
  readonly attempted = new Set<string>()
  readonly answered = new Set<string>()
  readonly #client: WireClient
  #running = true
  readonly #callers: Promise<void>[]

  constructor(client: WireClient) {
    this.#client = client
    this.#callers = Array.from({ length: CALLERS }, (_, caller) => this.#keepCalling(caller))
  }

  async #keepCalling(caller: number): Promise<void> {
    for (let turn = caller; this.#running; turn++) {
      const provoked = PROVOKED[turn % PROVOKED.length] ?? 'ok'
      await this.#call(provoked, `${caller}-${turn}`).catch(() => delay(50))
    }
  }

  async #call(provoked: Provoked, id: string): Promise<void> {
    const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
    this.attempted.add(traceparent)
    const isGivenUp = provoked === 'cancel' || provoked === 'leave'
    const name = `up__${isGivenUp ? 'hang' : provoked}`
    const leave = new AbortController()
    const timer = setTimeout(() => this.#giveUp(provoked, id, leave), 30)
    try {
      const params = { name, arguments: {}, _meta: { traceparent } }
      const { result, error } = await this.#post({ id, method: 'tools/call', params }, leave.signal)
      if ((result ?? error) !== undefined) this.answered.add(traceparent)
    } finally {
      clearTimeout(timer)
    }
  }

  #giveUp(provoked: Provoked, id: string, leave: AbortController): void {
    if (provoked === 'leave') leave.abort()
    if (provoked !== 'cancel') return
    const cancelled = { method: 'notifications/cancelled', params: { requestId: id } }
    this.#post(cancelled, leave.signal).catch(() => {})
  }

  async #post(message: object, signal: AbortSignal): Promise<{ result?: unknown; error?: unknown }> {
    const response = await fetch(this.#client.url, {
      method: 'POST',
      headers: { ...this.#client.headers, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      // A call that the gateway was killed under is given up by the caller at last.
      signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
    })
    const text = await response.text()
    return text === '' ? {} : JSON.parse(text)
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#callers)
  }
}

it(`[U1] has one row for every answer that anyone received, through ${BARE_KILLS} kills in the middle of calls of every outcome`, async () => {
  // Two at a time: a start is work for one core.
  await Promise.all([surviveKills(BARE_KILLS / 2), surviveKills(BARE_KILLS / 2)])
}, 300_000)

/** Kills a control plane of its own under load, and holds its log against what was answered. */
async function surviveKills(kills: number): Promise<void> {
  await using upstream = await startSmall(['ok', 'fail', 'refuse', 'hang', 'drop', 'secret'], (call) => {
    const { id, name, response } = call
    if (name === 'ok') answerText(call, 'ok')
    if (name === 'fail') answerJson(response, { jsonrpc: '2.0', id, result: { content: [], isError: true } })
    if (name === 'refuse')
      answerJson(response, { jsonrpc: '2.0', id, error: { code: -32000, message: 'no' } })
    if (name === 'drop') response.destroy()
  })
  await using plane = await ControlPlane.start()
  const { slug, url } = await plane.workspace('team')
  await plane.addServer(slug, { name: 'up', url: upstream.url, timeoutMs: 1_000 })
  const token = await plane.token(slug, { rules: { tools: { deny: ['up/secret'] } } })
  const load = new MixedLoad(await WireClient.open(url, token))
  const readyAfterMs: number[] = []
  const database = () => new DatabaseSync(join(plane.dataDir, 'mcpgw.db'), { readOnly: true })
  for (let kill = 0; kill < kills; kill++) {
    const before = load.answered.size
    await vi.waitFor(() => expect(load.answered.size).toBeGreaterThan(before + 10), {
      timeout: 10_000,
      interval: 5,
    })
    await plane.kill('SIGKILL')
    const killedAt = performance.now()
    await plane.start()
    readyAfterMs.push(performance.now() - killedAt)
    using opened = database()
    expect(opened.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  }
  // In the end all of them, those that only time ends as well.
  const outcomesOf = (opened: DatabaseSync) =>
    opened
      .prepare("select distinct outcome from audit_rows where kind = 'call'")
      .all()
      .map(({ outcome }) => outcome)
  await vi.waitFor(() => {
    using opened = database()
    expect(outcomesOf(opened).sort()).toEqual([
      'cancelled',
      'denied',
      'ok',
      'protocol_error',
      'timeout',
      'tool_error',
      'unreachable',
    ])
  }, 10_000)
  await load.stop()

  const times = logged(plane.dataDir)
  const missing = [...load.answered].filter((trace) => times.get(trace) !== 1)
  expect(missing).toEqual([])
  const foreign = [...times].filter(
    ([trace, count]) => trace !== 'null' && (count > 1 || !load.attempted.has(trace)),
  )
  expect(foreign).toEqual([])
  expect(load.answered.size).toBeGreaterThan(kills * 10)
  expect(Math.max(...readyAfterMs), `ready after ${readyAfterMs.map(Math.round)} ms`).toBeLessThan(3_000)
  expect(await plane.api('GET', `/workspaces/${slug}/audit/verify`)).toMatchObject({ ok: true })
  using opened = database()
  const { rows, requests } = opened
    .prepare(
      "select count(*) as rows, count(distinct request_id) as requests from audit_rows where kind = 'call'",
    )
    .get() as { rows: number; requests: number }
  expect(requests).toBe(rows)
  expect(rows).toBeGreaterThanOrEqual(load.answered.size)
}
