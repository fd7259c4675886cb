import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { withDefaults } from '../../model/limits.ts'
import { OpenStreams } from './open-streams.ts'

it('a client that left before its stream was opened takes no place for ever', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has such an address.
  const asking = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  asking.on('error', () => {})
  const [, response] = await once(server, 'request')
  const gone = once(response, 'close')
  asking.destroy()
  await gone
  const streams = new OpenStreams(withDefaults({ 'streams-per-token': 1 }))
  streams.add('token', response)
  expect(() => streams.add('token', response)).not.toThrow()
  server.close()
})
