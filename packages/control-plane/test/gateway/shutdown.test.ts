import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startScripted } from '../upstreams/scripted-http.ts'
import { legacyText, openLegacy } from './raw-clients.ts'

/** Far less than the 20 seconds that running calls are given. */
const AT_ONCE_MS = 3_000

async function stopTimeMs(plane: ControlPlane): Promise<number> {
  const startedAt = performance.now()
  await plane.kill()
  return performance.now() - startedAt
}

it('does not wait at its end for a connection on which nothing was asked', async () => {
  await using plane = await ControlPlane.start()
  const socket = connectTcp(Number(new URL(plane.url).port), '127.0.0.1')
  await once(socket, 'connect')
  // Whatever was opened before this answer came has been accepted.
  await plane.api('GET', '/whoami')
  expect(await stopTimeMs(plane)).toBeLessThan(AT_ONCE_MS)
  socket.destroy()
})

it('does not wait at its end for an answer to a question whose call is long over', async () => {
  await using plane = await ControlPlane.start()
  await using server = await startScripted('legacy')
  const { url, token } = await plane.workspace('w')
  await plane.addServer('w', { name: 's', url: server.url })
  const send = await openLegacy(url, token, '{"elicitation":{}}')
  const { last } = await send(legacyText(2, 'tools/call', '"name":"s__withdraw","arguments":{}'))
  expect(last.result).toBeDefined()
  expect(await stopTimeMs(plane)).toBeLessThan(AT_ONCE_MS)
})
