import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isRunning } from '../servers/is-running.ts'
import { canLookAtProcesses, hostedProcesses } from './hosted-processes.ts'
import { openStream } from './open-stream.ts'
import { answerText, type Call, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const STUBBORN = join(import.meta.dirname, '../servers/stubborn-stdio.ts')
const LISTEN = {
  jsonrpc: '2.0',
  id: 'l1',
  method: 'subscriptions/listen',
  params: {
    notifications: { toolsListChanged: true },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
}

/** An upstream whose calls wait until the test lets them go. */
async function startHolding() {
  const held: Call[] = []
  const upstream = await startSmall(['wait'], (call) => held.push(call))
  return { held, url: upstream.url, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() }
}

/** A control plane with calls, streams and hosted processes under way. */
async function startBusy(upstreamUrl: string, held: Call[]) {
  const plane = await ControlPlane.start()
  const { slug, url, token } = await plane.workspace('team')
  await plane.addServer(slug, { name: 'up', url: upstreamUrl })
  await plane.addServer(slug, { name: 'stubborn', command: 'node', args: [STUBBORN] })
  const client = await WireClient.open(url, token)
  const pids = JSON.parse(await client.call('stubborn__pids')) as { own: number; grandchild: number }
  const calls = Array.from({ length: 5 }, (_, number) => client.call('up__wait', { number }))
  // What a killed gateway leaves unanswered is looked at by the test, if at all.
  for (const call of calls) call.catch(() => {})
  await vi.waitFor(() => expect(held).toHaveLength(5))
  const legacy = await openStream(url, { headers: { ...client.headers, accept: 'text/event-stream' } })
  const modern = await openStream(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify(LISTEN),
  })
  expect([legacy.status, modern.status]).toEqual([200, 200])
  await modern.holds('acknowledged')
  // In a sandbox it counts its processes anew: the host knows them by other numbers.
  const all = canLookAtProcesses ? hostedProcesses(plane.dataDir) : [pids.own, pids.grandchild]
  expect(all.filter(isRunning).length).toBeGreaterThanOrEqual(2)
  return { plane, client, calls, pids: all, streams: [legacy, modern] }
}

it('finishes running calls when it is told to stop, ends streams and hosted processes, and exits with 0', async () => {
  await using upstream = await startHolding()
  const { plane, client, calls, pids, streams } = await startBusy(upstream.url, upstream.held)
  await using _plane = plane
  const ended = once(plane.process, 'exit')
  plane.process.kill('SIGTERM')
  const toldAt = performance.now()
  for (const { closed } of streams) expect((await closed) - toldAt).toBeLessThan(1_000)
  expect(streams[1]?.text()).toContain('"resultType":"complete"')
  // New calls find nobody, running ones are still there.
  await expect(client.call('up__wait')).rejects.toThrow()
  for (const call of upstream.held) answerText(call, `late ${call.args.number}`)
  expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4].map((number) => `late ${number}`))
  const [code, signal] = await ended
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  // The stubborn one is given four seconds before it is killed.
  expect(performance.now() - toldAt).toBeLessThan(8_000)
  expect([...pids, ...hostedProcesses(plane.dataDir)].filter(isRunning)).toEqual([])
  const { rows } = await restarted(plane)
  expect(rows.filter(({ tool, outcome }) => tool === 'wait' && outcome === 'ok')).toHaveLength(5)
}, 30_000)

it('does not wait for a hosted server that has not answered yet, nor leaves it behind when it is removed', async () => {
  await using plane = await ControlPlane.start()
  await plane.workspace('team')
  const silent = { command: 'node', args: [join(import.meta.dirname, '../servers/silent-stdio.ts')] }
  const add = (name: string) => plane.api('POST', '/workspaces/team/servers', { name, ...silent })
  const started = async (count: number) => {
    const look = () => hostedProcesses(plane.dataDir).length
    if (canLookAtProcesses) await expect.poll(look, { interval: 20 }).toBeGreaterThanOrEqual(count)
    return hostedProcesses(plane.dataDir)
  }
  await add('removed')
  const gone = await started(1)
  await plane.api('DELETE', '/workspaces/team/servers/removed')
  await expect.poll(() => gone.filter(isRunning), { timeout: 6_000, interval: 20 }).toEqual([])
  await add('silent')
  const left = await started(1)
  const toldAt = performance.now()
  await plane.kill()
  expect(performance.now() - toldAt).toBeLessThan(8_000)
  expect(left.filter(isRunning)).toEqual([])
}, 30_000)

it('does not wait for a server that could not be asked, for want of its credential', async () => {
  await using plane = await ControlPlane.start()
  await plane.workspace('team')
  const headers = { Authorization: 'Bearer {{TOKEN}}' }
  const server = { name: 'keyless', url: 'http://127.0.0.1:9/sse', transport: 'sse', headers }
  await plane.api('POST', '/workspaces/team/servers', server)
  await plane.api('POST', '/workspaces/team/servers/keyless/check')
  const toldAt = performance.now()
  await plane.kill()
  expect(performance.now() - toldAt).toBeLessThan(5_000)
})

it.each(['SIGTERM', 'SIGINT'] as const)(
  'ends at once at a second signal, %s',
  async (second) => {
    await using upstream = await startHolding()
    const { plane, pids } = await startBusy(upstream.url, upstream.held)
    await using _plane = plane
    const ended = once(plane.process, 'exit')
    plane.process.kill('SIGTERM')
    // Ctrl-C under npm comes twice at the same moment, and still means a clean end.
    plane.process.kill('SIGTERM')
    await vi.waitFor(() => expect(plane.stderr).toContain('stopping'))
    await delay(500)
    expect(plane.process.exitCode).toBeNull()
    plane.process.kill(second)
    const toldAt = performance.now()
    const [code] = await ended
    expect(performance.now() - toldAt).toBeLessThan(1_000)
    expect(code).toBe(1)
    await vi.waitFor(
      () => expect([...pids, ...hostedProcesses(plane.dataDir)].filter(isRunning)).toEqual([]),
      6_000,
    )
  },
  20_000,
)

async function restarted(plane: ControlPlane) {
  await plane.start()
  const { items } = await plane.api('GET', '/workspaces/team/audit')
  // As the admin API describes it.
  return { rows: items as { tool: string; outcome: string }[] }
}
