import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { bridgeOptions, initializeRequest, startBridge } from './support/bridge-process.ts'
import { createAuthority, hasOpenssl } from './support/certificates.ts'
import { findNode20 } from './support/node-20.ts'
import { answerTo, listen, openTlsGateway } from './support/tls-gateway.ts'

/** The answer to `initialize` through a bridge of its own. */
async function greet(port: number, env: Record<string, string> = {}, node?: string) {
  const { args, env: usual } = bridgeOptions(`https://localhost:${port}/ws/demo`)
  await using bridge = startBridge({ args, env: { ...usual, ...env }, ...(node !== undefined && { node }) })
  bridge.send(initializeRequest())
  const answer = await bridge.answerTo(1)
  return { ...answer, message: answer.error?.message ?? '', stderr: bridge.stderr() }
}

const node20 = findNode20()
const nodes = [process.execPath, ...(node20 === undefined ? [] : [node20])]

// Skipped without openssl, which makes the certificates.
describe.skipIf(!hasOpenssl)('over TLS', () => {
  const authority = createAuthority()
  const good = authority.issue(['localhost'])

  it('refuses a certificate nobody vouches for, at once, and says what helps', async () => {
    await using gateway = await openTlsGateway(good)
    const { message, error } = await greet(gateway.port)
    expect(message).toContain('signed by an authority this machine does not know')
    expect(message).toContain('NODE_EXTRA_CA_CERTS')
    expect(error?.data?.reason).toBe('unreachable')
  })

  it.each(nodes)('trusts an authority named in NODE_EXTRA_CA_CERTS (%s)', async (node) => {
    await using gateway = await openTlsGateway(good)
    expect((await greet(gateway.port, { NODE_EXTRA_CA_CERTS: authority.file }, node)).result).toBeDefined()
  })

  it.each(nodes)(
    'trusts the authority of the login when the client passes no environment on (%s)',
    async (node) => {
      await using gateway = await openTlsGateway(good)
      const { env } = bridgeOptions(`https://localhost:${gateway.port}/ws/demo`)
      const folder = env.MCPGW_CONFIG_DIR ?? ''
      mkdirSync(folder, { recursive: true })
      const entry = { storage: 'file', network: { caFile: authority.file } }
      const workspaces = { [`https://localhost:${gateway.port}/ws/demo`]: entry }
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ workspaces }))
      expect((await greet(gateway.port, { MCPGW_CONFIG_DIR: folder }, node)).result).toBeDefined()
    },
  )

  it.each(nodes)('trusts whom the system trusts (%s)', async (node) => {
    await using gateway = await openTlsGateway(good)
    // OpenSSL's name for the system's bundle, the one way to change what the system trusts for a single program.
    expect((await greet(gateway.port, { SSL_CERT_FILE: authority.file }, node)).result).toBeDefined()
  })

  it('goes on without a CA file that is gone, and says what is missing where it matters', async () => {
    await using gateway = await openTlsGateway(good)
    expect((await greet(gateway.port, { SSL_CERT_FILE: '/nowhere/ca.pem' })).message).toContain(
      'NODE_EXTRA_CA_CERTS',
    )
  })

  it('says that a certificate has expired', async () => {
    await using gateway = await openTlsGateway(authority.issue(['localhost'], -1))
    const { message } = await greet(gateway.port, { NODE_EXTRA_CA_CERTS: authority.file })
    expect(message).toContain('its certificate has expired')
    expect(message).toContain('clock')
  })

  it('says that a certificate is for another name', async () => {
    await using gateway = await openTlsGateway(authority.issue(['other.test']))
    const { message } = await greet(gateway.port, { NODE_EXTRA_CA_CERTS: authority.file })
    expect(message).toContain('its certificate is for another name')
  })

  it('[M30] verifies certificates even where NODE_TLS_REJECT_UNAUTHORIZED tells Node not to', async () => {
    const seen: unknown[] = []
    await using gateway = await openTlsGateway(good, seen as never[])
    const { message, stderr } = await greet(gateway.port, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(message).toContain('signed by an authority this machine does not know')
    expect(stderr).not.toContain('NODE_TLS_REJECT_UNAUTHORIZED')
    expect(seen).toEqual([])
  })

  it('says so when the port speaks no TLS', async () => {
    await using gateway = await listen(createPlainServer(answerTo([])))
    expect((await greet(gateway.port)).message).toContain('does not speak TLS')
  })

  it('says so when a gateway speaks no version of HTTP that it knows', async () => {
    await using gateway = await listen(createTlsServer({ ...good, ALPNProtocols: ['spdy/3'] }))
    const { message } = await greet(gateway.port, { NODE_EXTRA_CA_CERTS: authority.file })
    expect(message).toContain('neither HTTP/2 nor HTTP/1.1')
  })
})
