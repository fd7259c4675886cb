import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bridgeOptions, initializeRequest, startBridge } from './support/bridge-process.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

// Skipped without openssl, which makes the certificate.
describe.skipIf(!hasOpenssl)('over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-tls-'))
  const certificateFile = join(folder, 'certificate.pem')
  const closers: (() => void)[] = []
  let port = 0

  beforeAll(async () => {
    const keyFile = join(folder, 'key.pem')
    const names = 'subjectAltName=DNS:localhost,DNS:gateway.test'
    const request = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=gateway.test',
    ]
    execFileSync('openssl', [...request, '-addext', names, '-keyout', keyFile, '-out', certificateFile], {
      stdio: 'ignore',
    })
    const options = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) }
    const server = createServer(options, (request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json')
        response.end('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}')
      })
    })
    port = await listen(server)
    closers.push(() => server.close().closeAllConnections())
  })

  afterAll(() => {
    for (const close of closers) close()
  })

  it('refuses a certificate nobody vouches for, at once, and says what helps', async () => {
    await using bridge = startBridge(bridgeOptions(`https://localhost:${port}/ws/demo`))
    bridge.send(initializeRequest())
    expect((await bridge.answerTo(1)).error?.message).toContain('NODE_EXTRA_CA_CERTS')
  })

  it('trusts a private certificate named in NODE_EXTRA_CA_CERTS', async () => {
    const { args, env } = bridgeOptions(`https://localhost:${port}/ws/demo`)
    await using bridge = startBridge({ args, env: { ...env, NODE_EXTRA_CA_CERTS: certificateFile } })
    bridge.send(initializeRequest())
    expect((await bridge.answerTo(1)).result).toBeDefined()
  })

  it('goes through the proxy the environment names', async () => {
    const asked: string[] = []
    const proxy = createProxy().on('connect', (request, client) => {
      asked.push(request.url ?? '')
      const target = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
      target.on('error', () => client.destroy())
      client.on('error', () => target.destroy())
      client.pipe(target).pipe(client)
    })
    const proxyPort = await listen(proxy)
    closers.push(() => proxy.close())
    const { args, env } = bridgeOptions('https://gateway.test/ws/demo')
    const HTTPS_PROXY = `http://127.0.0.1:${proxyPort}`
    await using bridge = startBridge({
      args,
      env: { ...env, HTTPS_PROXY, NODE_EXTRA_CA_CERTS: certificateFile },
    })
    bridge.send(initializeRequest())
    expect((await bridge.answerTo(1)).result).toBeDefined()
    expect(asked).toEqual(['gateway.test:443'])
  })
})

function listen(server: {
  listen: ReturnType<typeof createProxy>['listen']
  address(): unknown
}): Promise<number> {
  return new Promise((resolve) => {
    // A TCP server that listens has an AddressInfo.
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
