import { once } from 'node:events'
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { createBridgePackages } from '../src/http/bridge-package/packages.ts'
import { readSettings } from '../src/settings.ts'
import { ControlPlane } from './control-plane.ts'
import { postForm } from './oauth/client.ts'

const BRIDGE = resolve(import.meta.dirname, '../../bridge')
const LINUX = 'linux x64'

it('lets nobody fill the table of logins by beginning and cancelling', async () => {
  await using plane = await ControlPlane.start()
  const form = { client_id: 'mcpgw', resource: `${plane.url}/ws/team`, device_name: 'box' }
  const begin = () => postForm(`${plane.url}/oauth/device`, form)
  for (let count = 0; count < 100; count += 1) {
    const { body } = await begin()
    const cancel = { user_code: String(body.user_code), decision: 'cancel' }
    expect((await postForm(`${plane.url}/oauth/device/decide`, cancel)).status).toBe(200)
  }
  expect((await begin()).status).toBe(429)
})

it('hands the bridge out from one copy in memory, however many read it slowly', async () => {
  const packages = createBridgePackages(BRIDGE)
  const piecesFor = async (slug: string) =>
    (await packages.packageFor({ slug, url: `https://gateway.test/ws/${slug}`, platform: LINUX })).tarball()
  const [one, other] = await Promise.all([piecesFor('one'), piecesFor('other')])
  const ownBytes = one.filter((piece) => !other.includes(piece)).reduce((sum, { length }) => sum + length, 0)
  expect(ownBytes).toBeLessThan(2_000)
})

it('answers HEAD for the bridge with the length and nothing else', async () => {
  await using plane = await ControlPlane.start()
  const { hostname, port } = new URL(plane.url)
  const socket = connect(Number(port), hostname)
  socket.write(
    'HEAD /ws/team HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: npm/11.0.0\r\nConnection: close\r\n\r\n',
  )
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(text).toMatch(/content-length: \d{5,}/i)
  expect(text.split('\r\n\r\n')[1]).toBe('')
})

it.each([
  ['https://Gateway.Example.com', 'https://gateway.example.com'],
  ['https://gateway.example.com:443/', 'https://gateway.example.com'],
  ['HTTP://gateway.example.com:80//', 'http://gateway.example.com'],
  ['https://gateway.example.com:8443/', 'https://gateway.example.com:8443'],
])('calls itself by the public URL %s as its clients write it', (publicUrl, written) => {
  expect(readSettings({ publicUrl }, {}).settings.publicUrl).toBe(written)
})
