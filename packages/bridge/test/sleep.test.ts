import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { openGateway } from '../src/http/gateway.ts'
import { bridgeOptions, initializeRequest, modernRequest, startBridge } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { createModernServer } from './support/modern-server.ts'
import { openTestGateway } from './support/test-gateway.ts'
import { listen } from './support/tls-gateway.ts'

/** A gateway and a clock of our own; `waiting` are requests to /wait, which are answered by hand. */
async function openWithClock() {
  const waiting: ServerResponse[] = []
  const sockets: Socket[] = []
  const server = createServer((request: IncomingMessage, response) => {
    if (request.url === '/now') return void response.end('now')
    if (request.url === '/stream') response.write('open')
    waiting.push(response)
  }).on('connection', (socket: Socket) => sockets.push(socket))
  const listening = await listen(server)
  const clock = { ms: 0 }
  const gateway = openGateway(`http://127.0.0.1:${listening.port}`, {}, () => clock.ms)
  const get = (path: string, lane: 'calls' | 'side' = 'calls') =>
    gateway.send({ path, method: 'GET', headers: {}, lane })
  const ask = async (path: string) => text((await get(path)).body)
  return {
    waiting,
    sockets,
    clock,
    get,
    ask,
    async [Symbol.asyncDispose]() {
      await gateway.destroy()
      await listening[Symbol.asyncDispose]()
    },
  }
}

it('uses an idle connection again as long as the machine is awake', async () => {
  await using world = await openWithClock()
  for (let second = 1; second <= 5; second += 1) {
    world.clock.ms = second * 1_000
    expect(await world.ask('/now')).toBe('now')
  }
  // The second call may come before the first connection is known to be free.
  expect(world.sockets.length).toBeLessThanOrEqual(2)
})

it('trusts no idle connection after sleep', async () => {
  await using world = await openWithClock()
  await world.ask('/now')
  world.clock.ms = 60_000
  expect(await world.ask('/now')).toBe('now')
  expect(world.sockets).toHaveLength(2)
  await expect.poll(() => world.sockets[0]?.destroyed).toBe(true)
})

it('breaks open streams off at once after sleep, without waiting for a message', async () => {
  await using world = await openWithClock()
  const { body } = await world.get('/stream', 'side')
  const broken = text(body).catch((error: Error) => error.message)
  world.clock.ms = 60_000
  expect(await broken).toContain('slept')
})

it('lets a call under way be answered after sleep', async () => {
  await using world = await openWithClock()
  const answer = world.ask('/wait')
  await expect.poll(() => world.waiting.length).toBe(1)
  world.clock.ms = 60_000
  expect(await world.ask('/now')).toBe('now')
  world.waiting[0]?.end('late')
  expect(await answer).toBe('late')
})

it('survives sleep after sleep', async () => {
  await using world = await openWithClock()
  for (let night = 1; night <= 5; night += 1) {
    world.clock.ms = night * 60_000
    expect(await world.ask('/now')).toBe('now')
  }
  await expect.poll(() => world.sockets.filter((socket) => !socket.destroyed).length).toBe(1)
})

it.concurrent.each([
  ['a legacy', () => createLegacyServer().handler],
  ['a modern', () => createModernServer().handler],
] as const)(
  'goes on at once with %s client after its program stood still and the gateway cut everything',
  async (era, create) => {
    await using gateway = await openTestGateway(create())
    await using bridge = startBridge(bridgeOptions(gateway.url))
    bridge.send(initializeRequest())
    await bridge.answerTo(1)
    bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const params = { name: 'echo', arguments: { value: 'awake' } }
    const call = (id: number) =>
      era === 'a modern'
        ? modernRequest(id, 'tools/call', params)
        : { jsonrpc: '2.0', id, method: 'tools/call', params }
    bridge.send(call(2))
    await bridge.answerTo(2)

    bridge.child.kill('SIGSTOP')
    await gateway.stop()
    await gateway.start(create())
    // Time has to pass: the bridge knows sleep by the gap between the clock and its timers.
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    bridge.send(call(3))
    bridge.child.kill('SIGCONT')
    const startedAt = performance.now()
    expect(JSON.stringify((await bridge.answerTo(3)).result)).toContain('awake')
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  },
)
