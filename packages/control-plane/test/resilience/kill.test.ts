import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isRunning } from '../servers/is-running.ts'
import { canLookAtProcesses, hostedProcesses } from './hosted-processes.ts'
import { runProgram } from './run-program.ts'
import { answerText, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const STUBBORN = join(import.meta.dirname, '../servers/stubborn-stdio.ts')
const KILLS = 10
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
