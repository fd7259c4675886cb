import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startTiny, type Tiny } from '../trust/tiny-upstream.ts'

const KEY = 'sk-first-value-81fQ'
const HOME = '/workspaces/acme/servers'

const tool = (name: string, description: string) => ({ name, description, inputSchema: { type: 'object' } })
const OLD = [tool('greet', 'Says hello'), tool('part', 'Says goodbye')]
const NEW = [tool('greet', 'Says hello to everybody'), tool('wave', 'Waves')]

/** What came with a credential. */
function startGreeter(seen: string[], tools: object[]): Promise<Tiny> {
  return startTiny('legacy', {
    tools: tools as Record<string, unknown>[],
    onRequest(request) {
      seen.push(request.headers.authorization ?? '')
      return false
    },
  })
}

describe('adding from a catalog, with servers that are really there', () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let admin: string
  let token: string

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    ;({ token } = await plane.workspace('acme'))
    admin = await plane.token('acme', { name: 'a', member: 'ada', role: 'admin' })
  })
  afterAll(() => open.disposeAsync())

  const entry = (url: string, name = 'greeter') => ({
    name: `com.example/${name}`,
    description: 'Says good day',
    version: '1.0.0',
    remotes: [
      {
        type: 'streamable-http',
        url,
        headers: [{ name: 'Authorization', value: 'Bearer {TOKEN}', isRequired: true, isSecret: true }],
      },
    ],
  })

  const toolNames = async () => {
    const { items } = await plane.api('GET', '/workspaces/acme/tools', undefined, token)
    return (items as { name: string }[]).map(({ name }) => name)
  }

  it('has met the server when it answers, and its tools are there', async () => {
    const seen: string[] = []
    const greeter = open.use(await startGreeter(seen, OLD))
    await plane.api('PUT', '/catalogs/first', { entries: [entry(greeter.url)] })
    const added = await plane.api('POST', HOME, { catalog: 'first.greeter', values: { TOKEN: KEY } }, admin)
    expect(added).toMatchObject({ name: 'greeter', status: 'ready', tools: 2 })
    expect(seen).toContain(`Bearer ${KEY}`)
    expect(await toolNames()).toEqual(['greeter__greet', 'greeter__part'])
  })

  it('says what is wrong and how to mend it where the server cannot be met', async () => {
    const gone = await startGreeter([], OLD)
    await gone[Symbol.asyncDispose]()
    await plane.api('PUT', '/catalogs/gone', { entries: [entry(gone.url, 'gone')] })
    const added = await plane.api('POST', HOME, { catalog: 'gone.gone', values: { TOKEN: KEY } }, admin)
    expect(added).toMatchObject({
      status: 'failing',
      error: { message: expect.stringContaining('refused'), fix: expect.any(String) },
    })
  })

  it('shows what another address on the same host changes before that is taken over', async () => {
    const seen: string[] = []
    const greeter = open.use(
      await startTiny('legacy', {
        tools: OLD,
        onRequest(request, response, raw) {
          if (request.method === 'POST') seen.push(`${request.url} ${request.headers.authorization}`)
          if (!request.url?.startsWith('/new') || !raw.includes('"tools/list"')) return false
          const { id } = JSON.parse(raw)
          response.writeHead(200, { 'content-type': 'application/json' })
          response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: NEW } }))
          return true
        },
      }),
    )
    await plane.api('PUT', '/catalogs/moving', { entries: [entry(greeter.url, 'moving')] })
    await plane.api('POST', HOME, { catalog: 'moving.moving', values: { TOKEN: KEY } }, admin)
    const later = greeter.url.replace('/mcp', '/new/mcp')
    await plane.api('PUT', '/catalogs/moving', { entries: [entry(later, 'moving')] })

    const shown = await plane.api('GET', `${HOME}/moving`, undefined, admin)
    expect(shown.update).toEqual({ from: greeter.url, to: later })
    expect(await plane.api('GET', `${HOME}/moving/update`, undefined, admin)).toEqual({
      from: greeter.url,
      to: later,
      needs: [],
      tools: {
        added: [{ tool: 'wave', description: 'Waves' }],
        removed: ['part'],
        changed: [
          {
            tool: 'greet',
            changes: [{ path: '/description', before: 'Says hello', after: 'Says hello to everybody' }],
          },
        ],
        unchanged: 0,
      },
    })
    // To look changes nothing for anybody.
    expect(await toolNames()).toContain('moving__part')
    expect(await toolNames()).not.toContain('moving__wave')

    const updated = await plane.api('POST', `${HOME}/moving/update`, {}, admin)
    expect(updated).toMatchObject({ url: later, status: 'ready', credential: { names: ['TOKEN'] } })
    expect(updated).not.toHaveProperty('update')
    expect(seen.filter((line) => line.startsWith('/new')).every((line) => line.includes(KEY))).toBe(true)
    await expect.poll(toolNames).not.toContain('moving__part')
  })

  it('sends no credential to another host before somebody gives it again', async () => {
    const seen: string[] = []
    const here = open.use(await startGreeter([], OLD))
    const there = open.use(await startGreeter(seen, NEW))
    await plane.api('PUT', '/catalogs/house', { entries: [entry(here.url, 'house')] })
    await plane.api('POST', HOME, { catalog: 'house.house', values: { TOKEN: KEY } }, admin)
    await plane.api('PUT', '/catalogs/house', { entries: [entry(there.url, 'house')] })
    const looked = await plane.api('GET', `${HOME}/house/update`, undefined, admin)
    expect(looked).toMatchObject({
      needs: [{ name: 'TOKEN', isSecret: true }],
      tools: null,
      reason: { message: expect.stringContaining('another host') },
    })
    expect((await plane.tryApi('POST', `${HOME}/house/update`, {}, admin)).status).toBe(400)
    expect(seen).toEqual([])
    const values = { TOKEN: 'sk-second-value-77aa' }
    const updated = await plane.api('POST', `${HOME}/house/update`, { values }, admin)
    expect(updated).toMatchObject({ status: 'ready', url: there.url })
    expect(seen.join()).not.toContain(KEY)
  })

  it('takes a registry’s list over the guarded way out, and refuses what is too large or leads elsewhere', async () => {
    const answers: Record<string, { status: number; body: string }> = {
      '/good': {
        status: 200,
        body: JSON.stringify({ servers: [{ server: entry('https://mcp.example.com/x') }] }),
      },
      '/large': { status: 200, body: ' '.repeat(5_000_000) },
      '/moved': { status: 302, body: '' },
      '/text': { status: 200, body: '<html>' },
    }
    const registry = createServer((request, response) => {
      const { status, body } = answers[request.url?.split('/v0.1')[0] ?? ''] ?? { status: 404, body: '' }
      response.writeHead(status, { location: 'http://169.254.169.254/' }).end(body)
    })
    await new Promise<void>((ready) => registry.listen(0, '127.0.0.1', ready))
    open.defer(() => void registry.close())
    const base = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`
    const put = (path: string) => plane.api('PUT', '/catalogs/far', { url: `${base}${path}` })
    expect(await put('/good')).toMatchObject({ size: 1, kind: 'registry' })
    for (const [path, words] of [
      ['/large', 'larger than 4 MiB'],
      ['/moved', 'answered 302'],
      ['/text', 'not JSON'],
    ] as const)
      expect(await put(path)).toMatchObject({ problem: { message: expect.stringContaining(words) } })
    const own = await plane.tryApi('PUT', '/catalogs/far', { url: plane.url })
    expect(own.status).toBe(400)
    const metadata = await plane.tryApi('PUT', '/catalogs/far', { url: 'http://169.254.169.254' })
    expect(metadata.status).toBe(400)
  })
})
