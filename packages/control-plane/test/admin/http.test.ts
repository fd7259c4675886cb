import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { ACTIONS } from '../../src/access/permissions.ts'
import { ROUTES } from '../../src/http/admin/routes.ts'
import { openInstallation } from './installation.ts'

const json = { 'content-type': 'application/json' }
const post = (body: string | ReadableStream, headers: Record<string, string> = json) => ({
  method: 'POST',
  body,
  headers,
})

describe('the admin API', () => {
  it('is never cached and never sniffed, whatever it answers', async () => {
    await using gateway = await openInstallation()
    for (const path of ['/whoami', '/nowhere', '/openapi.json', '/workspaces/acme', '/workspaces/none']) {
      for (const caller of ['admin', 'nobody'] as const) {
        const { headers } = await gateway.fetchAs(caller, path)
        expect(headers.get('cache-control')).toBe('no-store')
        expect(headers.get('x-content-type-options')).toBe('nosniff')
      }
    }
  })

  it('says in one form what is wrong and what to do about it', async () => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('nobody', 'GET', '/whoami')
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="mcpgw"')
    expect(refused.body).toEqual({
      type: 'urn:mcpgw:error:unauthenticated',
      title: 'A valid token is needed',
      status: 401,
      code: 'unauthenticated',
      detail: expect.any(String),
      fix: expect.any(String),
    })
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json; charset=utf-16',
  ])('takes no body of type %s', async (type) => {
    await using gateway = await openInstallation()
    const response = await gateway.fetchAs(
      'owner',
      '/workspaces',
      post('{"slug":"x"}', { 'content-type': type }),
    )
    expect(response.status).toBe(415)
  })

  it('takes no packed body, which could unpack to any size', async () => {
    await using gateway = await openInstallation()
    const init = post('{}', { ...json, 'content-encoding': 'gzip' })
    expect((await gateway.fetchAs('owner', '/workspaces', init)).status).toBe(415)
  })

  it('takes no body over 1 MiB, also when its length is not announced', async () => {
    await using gateway = await openInstallation()
    let sent = 0
    const long = new ReadableStream({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(32))
        if (sent > 4 * 1024 * 1024) controller.close()
      },
    })
    const chunked = await gateway.fetchAs('owner', '/workspaces', {
      ...post(long),
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
    expect(sent).toBeLessThan(2 * 1024 * 1024)
    const announced = await gateway.fetchAs('owner', '/workspaces', post(' '.repeat(1024 * 1024 + 1)))
    expect(announced.status).toBe(413)
  })

  it.each([
    ['no JSON', '{"slug":', 'The body is not JSON.'],
    ['a prototype', '{"slug":"x","__proto__":{"role":"owner"}}', 'Unknown field "__proto__".'],
    ['a prototype deep down', '{"slug":"x","name":{"__proto__":1}}', 'Unknown field "__proto__".'],
    ['a constructor', '{"slug":"x","constructor":{"prototype":{}}}', 'Unknown field "constructor".'],
    ['a list', '[]', 'The request must be a JSON object.'],
    ['nothing', 'null', 'The request must be a JSON object.'],
    ['a thousand brackets a thousand times', '['.repeat(500_000), 'The body is not JSON.'],
  ])('refuses %s', async (_what, body, detail) => {
    await using gateway = await openInstallation()
    const response = await gateway.fetchAs('owner', '/workspaces', post(body))
    expect(await response.json()).toMatchObject({ status: 400, detail })
    expect(Object.hasOwn(Object.prototype, 'role')).toBe(false)
  })

  it('answers in its own form also as a part of another app', async () => {
    await using gateway = await openInstallation()
    const whole = new Hono().route('/', gateway.app)
    const missing = await whole.request('/api/v1/nowhere')
    expect(await missing.json()).toMatchObject({ status: 404, code: 'not_found' })
    const refused = await whole.request('/api/v1/whoami')
    expect(await refused.json()).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(refused.headers.get('cache-control')).toBe('no-store')
  })

  it('names the methods an address takes', async () => {
    await using gateway = await openInstallation()
    const response = await gateway.fetchAs('owner', '/workspaces/acme', { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, PATCH, DELETE'])
  })

  it('tells nothing of what went wrong inside, and reports it', async () => {
    await using gateway = await openInstallation()
    gateway.storage.servers.all = () => Promise.reject(new Error('secret path /var/lib'))
    const failed = await gateway.ask('admin', 'GET', '/workspaces/acme/servers')
    expect([failed.status, failed.body.detail]).toEqual([500, 'Something went wrong inside the gateway.'])
    expect(failed.text).not.toContain('/var/lib')
    expect(gateway.errors.map((error) => String(error.cause))).toEqual(['Error: secret path /var/lib'])
  })

  it('lets in whoever its caller vouches for', async () => {
    await using gateway = await openInstallation()
    const principal = { tokenId: 'local', member: 'local', role: 'owner' as const, rules: {} }
    const response = await gateway.app.fetch(new Request('http://gateway/api/v1/whoami'), { principal })
    expect(await response.json()).toEqual({ role: 'owner', member: 'local', actions: [...ACTIONS] })
  })

  it('describes every route it has, to anyone', async () => {
    await using gateway = await openInstallation()
    const { body } = await gateway.ask('nobody', 'GET', '/openapi.json')
    expect(body.openapi).toBe('3.1.0')
    for (const { method, path, operation } of ROUTES) {
      const described = body.paths[path.replaceAll(/:(\w+)/g, '{$1}')][method.toLowerCase()]
      expect(described.operationId).toBe(operation.name)
    }
    const newServer =
      body.paths['/workspaces/{workspace}/servers'].post.requestBody.content['application/json'].schema
    expect(newServer.anyOf.length).toBe(6)
    const filters = body.paths['/workspaces/{workspace}/audit'].get.parameters.map(
      (each: { name: string }) => each.name,
    )
    expect(filters).toEqual([
      'workspace',
      'cursor',
      'limit',
      'server',
      'tool',
      'member',
      'token',
      'outcome',
      'client',
      'requestId',
      'q',
      'kind',
      'from',
      'to',
    ])
  })
})

describe('workspaces', () => {
  it('are made, shown, renamed and removed', async () => {
    await using gateway = await openInstallation()
    const made = await gateway.ask('owner', 'POST', '/workspaces', { slug: 'lab', name: 'The lab' })
    expect(made.body).toEqual({
      slug: 'lab',
      name: 'The lab',
      createdAt: '2026-01-31T12:00:00.000Z',
      audit: { capture: 'off', retentionDays: null },
    })
    const renamed = await gateway.ask('owner', 'PATCH', '/workspaces/lab', { name: 'Lab' })
    expect(renamed.body.name).toBe('Lab')
    expect((await gateway.ask('owner', 'GET', '/workspaces/lab')).body).toEqual(renamed.body)
    expect((await gateway.ask('owner', 'DELETE', '/workspaces/lab')).status).toBe(204)
    expect((await gateway.ask('owner', 'DELETE', '/workspaces/lab')).status).toBe(404)
  })

  it('are listed to owners in pages, and to others only their own', async () => {
    await using gateway = await openInstallation()
    const first = await gateway.ask('owner', 'GET', '/workspaces?limit=1')
    const second = await gateway.ask('owner', 'GET', `/workspaces?limit=1&cursor=${first.body.nextCursor}`)
    const slugs = [...first.body.items, ...second.body.items].map((item: { slug: string }) => item.slug)
    expect(slugs.toSorted()).toEqual(['acme', 'other'])
    const own = await gateway.ask('readonly', 'GET', '/workspaces')
    expect(own.body.items.map((item: { slug: string }) => item.slug)).toEqual(['acme'])
  })

  it('end the tokens that opened them', async () => {
    await using gateway = await openInstallation()
    expect((await gateway.ask('admin', 'GET', '/whoami')).status).toBe(200)
    await gateway.ask('owner', 'DELETE', '/workspaces/acme')
    expect((await gateway.ask('admin', 'GET', '/whoami')).status).toBe(401)
  })

  it.each(['Acme', '-a', 'a-', '', 'a'.repeat(41), 'a/b'])('cannot be called %j', async (slug) => {
    await using gateway = await openInstallation()
    const refused = await gateway.ask('owner', 'POST', '/workspaces', { slug, name: 'x' })
    expect(refused.body.detail).toMatch(/^"slug" must be 1 to 40 of a-z/)
  })
})
