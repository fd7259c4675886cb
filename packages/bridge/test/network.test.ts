import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { bridgeOptions, initializeRequest, startBridge } from './support/bridge-process.ts'
import { createAuthority, hasOpenssl } from './support/certificates.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { openTestGateway } from './support/test-gateway.ts'
import { type Listening, listen, openTlsGateway } from './support/tls-gateway.ts'

interface Proxy extends Listening {
  /** What the proxy was asked, and every byte it could read. */
  readonly asked: IncomingMessage[]
}

/** Leads everything to one port, whatever name it is asked for; or answers with a status instead. */
async function openProxy(options: {
  to: number
  status?: number
  credentials?: { key: Buffer; cert: Buffer }
}): Promise<Proxy> {
  const asked: IncomingMessage[] = []
  const { credentials } = options
  const server = credentials === undefined ? createServer() : createTlsServer(credentials)
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(request)
    client.on('error', () => undefined)
    if (options.status !== undefined) {
      client.end(`HTTP/1.1 ${options.status} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const target = connect(options.to, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
    target.on('error', () => client.destroy())
    client.on('close', () => target.destroy())
    client.pipe(target).pipe(client)
  })
  server.on('request', (request: IncomingMessage) => asked.push(request))
  return Object.assign(await listen(server), { asked })
}

async function greet(env: Record<string, string>, url = 'https://gateway.test/ws/demo') {
  const { args, env: usual } = bridgeOptions(url)
  await using bridge = startBridge({ args, env: { ...usual, ...env } })
  const startedAt = performance.now()
  bridge.send(initializeRequest())
  const answer = await bridge.answerTo(1)
  const said = `${answer.error?.message ?? ''}\n${bridge.stderr()}`
  return { ...answer, said, token: usual.MCPGW_TOKEN ?? '', tookMs: performance.now() - startedAt }
}

// Skipped without openssl, which makes the certificates.
describe.skipIf(!hasOpenssl)('behind a proxy', () => {
  const authority = createAuthority()
  const NODE_EXTRA_CA_CERTS = authority.file
  const credentials = authority.issue(['gateway.test', 'localhost'])

  it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'HTTP_PROXY'])(
    'goes through the one in %s',
    async (name) => {
      await using gateway = await openTlsGateway(credentials)
      await using proxy = await openProxy({ to: gateway.port })
      const { result } = await greet({ [name]: `http://127.0.0.1:${proxy.port}`, NODE_EXTRA_CA_CERTS })
      expect(result).toBeDefined()
      expect(proxy.asked.map((request) => request.url)).toEqual(['gateway.test:443'])
    },
  )

  it('shows the proxy its own login and never the token', async () => {
    await using gateway = await openTlsGateway(credentials)
    await using proxy = await openProxy({ to: gateway.port })
    const HTTPS_PROXY = `http://ada:p%40ss%25word@127.0.0.1:${proxy.port}`
    const { result, token } = await greet({ HTTPS_PROXY, NODE_EXTRA_CA_CERTS })
    expect(result).toBeDefined()
    expect(proxy.asked.map(({ headers }) => headers)).toEqual([
      {
        host: 'gateway.test:443',
        connection: expect.any(String),
        'proxy-authorization': `Basic ${btoa('ada:p@ss%word')}`,
      },
    ])
    expect(JSON.stringify(proxy.asked.map(({ rawHeaders }) => rawHeaders))).not.toContain(token)
  })

  it('shows the gateway the token and never the login of the proxy', async () => {
    const seen: IncomingMessage[] = []
    await using gateway = await openTlsGateway(credentials, seen)
    await using proxy = await openProxy({ to: gateway.port })
    await greet({ HTTPS_PROXY: `http://ada:secret@127.0.0.1:${proxy.port}`, NODE_EXTRA_CA_CERTS })
    expect(seen[0]?.headers.authorization).toContain('Bearer mcpgw_')
    expect(seen[0]?.headers['proxy-authorization']).toBeUndefined()
  })

  it('speaks TLS with a proxy that wants it, under an authority learnt on the way', async () => {
    await using gateway = await openTlsGateway(credentials)
    await using proxy = await openProxy({ to: gateway.port, credentials })
    // SSL_CERT_FILE is nothing Node reads at its start: the bridge finds the authority after the first refusal.
    const env = { HTTPS_PROXY: `https://localhost:${proxy.port}`, SSL_CERT_FILE: authority.file }
    expect((await greet(env)).result).toBeDefined()
  })

  it('does not trust a proxy whose certificate nobody vouches for', async () => {
    await using proxy = await openProxy({ to: 1, credentials })
    const { said } = await greet({ HTTPS_PROXY: `https://localhost:${proxy.port}` })
    expect(said).toContain(`the proxy localhost:${proxy.port}: its certificate is signed by an authority`)
    expect(proxy.asked).toEqual([])
  })

  it.each([
    [407, 'wants a login', 'USER:PASSWORD'],
    [403, 'does not connect to gateway.test:443', 'Ask those who run the proxy'],
  ])('says at once what a proxy that answers %i needs', async (status, message, fix) => {
    await using proxy = await openProxy({ to: 1, status })
    const { said, tookMs } = await greet({ HTTPS_PROXY: `http://ada:secret@127.0.0.1:${proxy.port}` })
    expect(said).toContain(message)
    expect(said).toContain(fix)
    expect(said).not.toContain('secret')
    expect(tookMs).toBeLessThan(3_000)
    expect(proxy.asked).toHaveLength(1)
  })

  it('asks a proxy again that cannot reach the gateway at the moment', async () => {
    await using gateway = await openTlsGateway(credentials)
    const state: { to: number; status?: number } = { to: gateway.port, status: 502 }
    await using proxy = await openProxy(state)
    const { args, env } = bridgeOptions('https://gateway.test/ws/demo')
    const HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`
    await using bridge = startBridge({ args, env: { ...env, HTTPS_PROXY, NODE_EXTRA_CA_CERTS } })
    bridge.send(initializeRequest())
    await expect.poll(() => proxy.asked.length).toBeGreaterThan(1)
    delete state.status
    expect((await bridge.answerTo(1)).result).toBeDefined()
  })

  it.concurrent('names the proxy that cannot be reached', async () => {
    const proxy = await openProxy({ to: 1 })
    await proxy[Symbol.asyncDispose]()
    const { said } = await greet({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })
    expect(said).toContain(`the proxy 127.0.0.1:${proxy.port}: connection refused`)
  })

  it.concurrent('leaves the proxy aside for what NO_PROXY names', async () => {
    await using gateway = await openTlsGateway(credentials)
    await using proxy = await openProxy({ to: gateway.port })
    const env = {
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      NO_PROXY: 'gateway.invalid',
      NODE_EXTRA_CA_CERTS,
    }
    const { said } = await greet(env, 'https://gateway.invalid/ws/demo')
    expect(said).toContain('host name')
    expect(proxy.asked).toEqual([])
  })

  it('does not hold more than 64 calls at once, through a proxy either', async () => {
    await using gateway = await openTlsGateway(credentials)
    await using proxy = await openProxy({ to: gateway.port })
    const HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`
    const { args, env } = bridgeOptions('https://gateway.test/ws/demo')
    await using bridge = startBridge({ args, env: { ...env, HTTPS_PROXY, NODE_EXTRA_CA_CERTS } })
    for (let count = 0; count < 200; count += 1) bridge.send(initializeRequest(1))
    await expect.poll(() => bridge.lines.length, { timeout: 10_000 }).toBe(200)
    expect(proxy.asked.length).toBeLessThanOrEqual(64)
  })
})

it('reaches a gateway on this machine without the proxy', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using proxy = await openProxy({ to: 1 })
  const address = `http://127.0.0.1:${proxy.port}`
  expect((await greet({ HTTPS_PROXY: address, HTTP_PROXY: address }, gateway.url)).result).toBeDefined()
  expect(proxy.asked).toEqual([])
})
