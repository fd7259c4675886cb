import { spawnSync } from 'node:child_process'
import { createServer as createProxy } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createAuthority } from './support/private-authority.ts'
import { doctorEnvironment, runDoctor } from './support/run-doctor.ts'
import { listenOn, openScriptedGateway } from './support/scripted-gateway.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

// Skipped without openssl, which makes the certificates.
describe.skipIf(!hasOpenssl)('the certificate', () => {
  const authority = createAuthority('Example Authority')
  const here = 'DNS:localhost,DNS:gateway.test'
  const trusting = { NODE_EXTRA_CA_CERTS: authority.file }

  async function examine(pair: { key: string; cert: string }, extra: Record<string, string> = {}) {
    await using gateway = await openScriptedGateway({ tls: pair, host: 'localhost' })
    const answer = await runDoctor(doctorEnvironment(gateway.url, extra))
    return { ...answer, seen: gateway.seen }
  }

  it('is good, and told with who vouches for it', async () => {
    const { one, code } = await examine(authority.issue({ names: here, days: 90 }), trusting)
    expect(one('tls')?.status).toBe('ok')
    expect(one('tls')?.message).toMatch(/the certificate has (89|90) days left/)
    expect(one('tls')?.message).toContain(`issued by "Example Authority", which ${authority.file} vouch for`)
    expect(code).toBe(0)
  })

  it('ends soon', async () => {
    const { one, code } = await examine(authority.issue({ names: here, days: 5 }), trusting)
    expect(one('tls')?.status).toBe('warning')
    expect(one('tls')?.message).toMatch(/ends in [45] days/)
    expect(code).toBe(0)
  })

  it('comes from an issuer nobody knows', async () => {
    const { one, of, code, seen } = await examine(authority.issue({ names: here, days: 90 }))
    expect(of('tls')).toHaveLength(1)
    expect(one('tls')).toMatchObject({ status: 'failed', reason: 'unreachable' })
    expect(one('tls')?.message).toContain('"Example Authority"')
    expect(one('tls')?.fix).toContain('NODE_EXTRA_CA_CERTS')
    expect(one('http')?.message).toBe('skipped: needs tls')
    expect(seen).toEqual([])
    expect(code).toBe(1)
  })

  it('has expired', async () => {
    const { of, code } = await examine(authority.issue({ names: here, days: -1 }), trusting)
    expect(of('tls')).toHaveLength(1)
    expect(of('tls')[0]?.message).toMatch(/expired on \d{4}-\d\d-\d\d/)
    expect(of('tls')[0]?.fix).toContain('renewed')
    expect(code).toBe(1)
  })

  it('is for another name', async () => {
    const { of, code } = await examine(authority.issue({ names: 'DNS:other.test', days: 90 }), trusting)
    expect(of('tls').map(({ message }) => message)).toEqual([
      'The certificate is for another name: other.test, not localhost.',
    ])
    expect(of('tls')[0]?.fix).toContain('Use a name of the certificate')
    expect(code).toBe(1)
  })

  it('is wrong in two ways, and both are told', async () => {
    const { of } = await examine(authority.issue({ names: 'DNS:other.test', days: -1 }), trusting)
    expect(of('tls').map(({ message }) => message)).toEqual([
      expect.stringContaining('expired on'),
      expect.stringContaining('for another name'),
    ])
  })

  it('comes from an authority whose file is gone', async () => {
    const missing = { NODE_EXTRA_CA_CERTS: '/nonexistent/ca.pem' }
    const { of } = await examine(authority.issue({ names: here, days: 90 }), missing)
    expect(of('tls').map(({ message }) => message)).toContain(
      'The file of authorities /nonexistent/ca.pem cannot be read.',
    )
  })

  it('is looked at through the proxy', async () => {
    await using gateway = await openScriptedGateway({
      tls: authority.issue({ names: here, days: 90 }),
      host: 'localhost',
    })
    const asked = new Set<string | undefined>()
    const proxy = createProxy().on('connect', (request, client) => {
      asked.add(request.url)
      const target = connect(gateway.port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
      target.on('error', () => client.destroy())
      client.on('error', () => target.destroy())
      client.pipe(target).pipe(client)
    })
    const HTTPS_PROXY = `http://127.0.0.1:${await listenOn(proxy)}`
    const url = `https://gateway.test:${gateway.port}/ws/demo`
    const { one, code } = await runDoctor(doctorEnvironment(url, { HTTPS_PROXY, ...trusting }))
    proxy.close()
    expect(one('tunnel')?.status).toBe('ok')
    expect(one('tls')?.status).toBe('ok')
    expect(one('tools')?.status).toBe('ok')
    expect([...asked]).toEqual([`gateway.test:${gateway.port}`])
    expect(code).toBe(0)
  })
})

it('says that the port speaks no TLS', async () => {
  await using gateway = await openScriptedGateway()
  const { one, code } = await runDoctor(doctorEnvironment(`https://127.0.0.1:${gateway.port}/ws/demo`))
  expect(one('tls')?.message).toBe(`127.0.0.1:${gateway.port} does not speak TLS.`)
  expect(code).toBe(1)
})
