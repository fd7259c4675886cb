import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect, type Era } from '../gateway/clients.ts'
import { modernText, postModern, type RawMessage } from '../gateway/raw-clients.ts'
import { type ApiServer, type Arrived, json, startApi } from './api-server.ts'
import { large, ORDERS, PETS } from './documents.ts'

const ERAS: Era[] = ['legacy', 'modern']
const KEY = 'key-7c1f"4e&b9a2=d305'
const TOKEN = 'bearer-58be1f90a7c34d26'
const QUERY_KEY = 'query+key/91&d2 8c4e7b'
const PHOTO = Buffer.from('89504e470d0a1a0a0000000d', 'hex')

const open = new AsyncDisposableStack()
let plane: ControlPlane
let workspace: { url: string; token: string }
let pets: ApiServer
let orders: ApiServer
let things: ApiServer

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  workspace = await plane.workspace('team')
  pets = open.use(await startApi(answerPets))
  orders = open.use(await startApi(answerOrders))
  things = open.use(await startApi(answerThings))
  await add('pets', { openapi: PETS, url: `${pets.url}/v1`, operations: { include: [{}] } }, { API_KEY: KEY })
  await add(
    'orders',
    { openapi: ORDERS, url: orders.url, operations: { include: [{}] } },
    { BEARER_TOKEN: TOKEN, QUERY_KEY_API_KEY: QUERY_KEY },
  )
  await add(
    'things',
    { openapi: JSON.stringify(large(80)), url: things.url, operations: { include: [{ path: '/things*' }] } },
    { USERNAME: 'ada', PASSWORD: 'pass:word-6f20c9' },
  )
})

afterAll(() => open.disposeAsync())

async function add(name: string, server: object, values: Record<string, string>): Promise<void> {
  const made = await plane.api('POST', '/workspaces/team/servers', { name, ...server })
  expect(made).toMatchObject({ kind: 'openapi', era: null, status: 'needs_credential' })
  await plane.api('PUT', `/workspaces/team/servers/${name}/credential`, { values })
  const checked = await plane.api('POST', `/workspaces/team/servers/${name}/check`)
  expect(checked).toMatchObject({ status: 'ready' })
}

function answerPets({ method, path, headers, body }: Arrived) {
  if (method === 'HEAD') return { status: 404 }
  if (headers['x-api-key'] !== KEY) return json({ message: 'no key' }, 401)
  if (path === '/v1/pets' && method === 'POST')
    return json({ id: 9_007_199_254_740_993n.toString(), ...JSON.parse(body) }, 201)
  if (path === '/v1/pets') return json([{ id: 1, name: 'Rex' }])
  if (path === '/v1/pets/1/photo') return { headers: { 'content-type': 'image/png' }, body: PHOTO }
  if (path === '/v1/pets/1' && method === 'DELETE') return { status: 204 }
  if (path === '/v1/pets/1')
    return {
      headers: { 'content-type': 'application/json' },
      body: '{"id": 9007199254740993,\n "name": "Rex"}',
    }
  return json({ message: `no such pet, says ${headers['x-api-key']}` }, 404)
}

function answerOrders({ method, path, url, headers }: Arrived) {
  if (method === 'HEAD') return {}
  if (path.startsWith('/files/'))
    return { headers: { 'content-type': 'text/plain' }, body: `asked for ${url}` }
  if (path === '/status') return { headers: { 'content-type': 'application/pdf' }, body: '%PDF-1.7' }
  if (headers.authorization !== `Bearer ${TOKEN}`) return json({}, 401)
  if (path === '/login') return { status: 302, headers: { location: 'https://else.example/steal' } }
  return json({ seen: url })
}

function answerThings({ method, headers }: Arrived) {
  if (method === 'HEAD') return { status: 405 }
  const login = `Basic ${Buffer.from('ada:pass:word-6f20c9').toString('base64')}`
  return json({ name: 'thing', authorization: headers.authorization, ok: headers.authorization === login })
}

/** One call over HTTP by a modern client, as it is on the wire. */
async function call(name: string, args: object): Promise<NonNullable<RawMessage['result']>> {
  const params = `"name":${JSON.stringify(name)},"arguments":${JSON.stringify(args)}`
  const { last } = await postModern(workspace.url, workspace.token, modernText(1, 'tools/call', params))
  if (last.result === undefined) throw new Error(JSON.stringify(last))
  return last.result
}

const textOf = (result: { content?: unknown }) => (result.content as { text: string }[])[0]?.text

describe.each(ERAS)('the operations of an API are tools for a %s client', (era) => {
  it('of a small one, with its key in a header, in YAML', async () => {
    await using client = await connect({ ...workspace, era, way: 'directly' })
    expect((await client.tools()).filter((name) => name.startsWith('pets__'))).toEqual([
      'pets__listPets',
      'pets__createPet',
      'pets__getPet',
      'pets__delete_pets_by_petId',
      'pets__getPhoto',
    ])
    const { text, isError } = await client.call('pets__listPets', { limit: 5 })
    expect({ value: JSON.parse(text), isError }).toEqual({ value: [{ id: 1, name: 'Rex' }], isError: false })
    expect(pets.last()).toMatchObject({ url: '/v1/pets?limit=5', headers: { 'x-api-key': KEY } })
    expect((await client.call('pets__createPet', { body: { name: 'Rex' } })).isError).toBe(false)
    expect(JSON.parse(pets.last().body)).toEqual({ name: 'Rex' })
    expect((await client.call('pets__delete_pets_by_petId', { petId: 1 })).text).toBe('HTTP 204 No Content')
  })

  it('of a medium one, with a bearer token and parameters in every style', async () => {
    await using client = await connect({ ...workspace, era, way: 'directly' })
    const found = await client.call('orders__orders_search', {
      page: 2,
      status: ['open', 'a,b'],
      ids: ['1,2', '3'],
      tags: ['x', 'y'],
      filter_customer: { name: 'A & B', 'other=1': 'c' },
      'X-Trace': ['one', 'two'],
      flavour: 'a; b=c',
      sort: { by: 'date' },
    })
    expect(found.isError).toBe(false)
    const { url, headers } = orders.last()
    expect(url.split('?')[1]?.split('&')).toEqual([
      'page=2',
      'status=open',
      'status=a%2Cb',
      'ids=1%2C2,3',
      'tags=x%7Cy',
      'filter%5Bcustomer%5D%5Bname%5D=A%20%26%20B',
      'filter%5Bcustomer%5D%5Bother%3D1%5D=c',
      'sort=%7B%22by%22%3A%22date%22%7D',
    ])
    expect(headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'x-trace': 'one,two',
      cookie: 'flavour=a%3B%20b%3Dc',
      'user-agent': 'mcpgw',
    })
  })

  it('of a large one, with a user name and a password, and schemas in circles', async () => {
    await using client = await connect({ ...workspace, era, way: 'directly' })
    expect((await client.tools()).filter((name) => name.startsWith('things__'))).toHaveLength(400)
    const body = { name: 'a', parent: { name: 'b', next: { name: 'c' } } }
    const answer = await client.call('things__replace_thing7', { id: 'x y', body })
    expect(JSON.parse(answer.text)).toMatchObject({ ok: true, name: 'thing' })
    expect(answer.text).not.toContain(Buffer.from('ada:pass:word-6f20c9').toString('base64').slice(8, 20))
    expect(things.last()).toMatchObject({ method: 'PUT', path: '/things7/x%20y' })
    expect(JSON.parse(things.last().body)).toEqual(body)
  })
})

describe('an answer', () => {
  it('of JSON is structured and text, every digit as it was', async () => {
    const result = await call('pets__getPet', { petId: 1 })
    expect(textOf(result)).toBe('{"id":9007199254740993,"name":"Rex"}')
    expect(result.structuredContent).toMatchObject({ name: 'Rex' })
  })

  it('of an image is an image, and of another binary its size', async () => {
    expect((await call('pets__getPhoto', { petId: 1 })).content).toEqual([
      { type: 'image', data: PHOTO.toString('base64'), mimeType: 'image/png' },
    ])
    expect(textOf(await call('orders__status', {}))).toBe(
      'The API answered 8 bytes of application/pdf, which are not shown.',
    )
  })

  it('of an error is a tool error with the status and what was said, without the credential', async () => {
    const result = await call('pets__getPet', { petId: 404 })
    expect(result.isError).toBe(true)
    expect(textOf(result)).toContain('The API answered HTTP 404 Not Found.')
    expect(textOf(result)).toContain('no such pet, says ')
    expect(textOf(result)).not.toContain('7c1f')
  })

  it('that leads elsewhere is not followed', async () => {
    const result = await call('orders__login', { body: { name: 'ada', scopes: ['a', 'b'] } })
    expect(orders.last().body).toBe('name=ada&scopes=a&scopes=b')
    expect(result.isError).toBe(true)
    expect(textOf(result)).toContain('redirects to another address, which is not followed')
    expect(JSON.stringify(result)).not.toContain('steal')
  })
})

describe('the credential', () => {
  it('goes where an operation wants it, in a query too, and comes back in no answer, log or error', async () => {
    const result = await call('orders__readFile', { path: 'notes/today.txt' })
    expect(new URLSearchParams(orders.last().query).getAll('api_key')).toEqual([QUERY_KEY])
    expect(orders.last().headers.authorization).toBeUndefined()
    expect(orders.last().path).toBe('/files/notes%2Ftoday.txt')
    expect(textOf(result)).toContain('/files/notes%2Ftoday.txt?api_key=')
    const log = await plane.api('GET', '/workspaces/team/audit?limit=200')
    for (const text of [JSON.stringify(result), JSON.stringify(log), plane.stdout, plane.stderr]) {
      expect(text).not.toContain('91&d2')
      expect(text).not.toContain('91%26d2')
    }
  })

  it('is not sent to operations that need none', async () => {
    await call('orders__status', {})
    expect(orders.last().url).toBe('/status')
    expect(orders.last().headers.authorization).toBeUndefined()
  })

  it('is used in its new value by the next call', async () => {
    const path = '/workspaces/team/servers/pets/credential'
    await plane.api('PUT', path, { values: { API_KEY: 'another-key-000' } })
    const refused = await call('pets__listPets', {})
    expect(pets.last().headers['x-api-key']).toBe('another-key-000')
    expect(textOf(refused)).toContain('It did not accept the credential')
    await plane.api('PUT', path, { values: { API_KEY: KEY } })
    expect((await call('pets__listPets', {})).isError).not.toBe(true)
  })

  it('that lacks a value stops the operations that need it, and no other', async () => {
    const path = '/workspaces/team/servers/orders/credential'
    await plane.api('PUT', path, { values: { BEARER_TOKEN: TOKEN } })
    const params = '"name":"orders__readFile","arguments":{"path":"a"}'
    const { last } = await postModern(workspace.url, workspace.token, modernText(1, 'tools/call', params))
    expect(JSON.stringify(last)).toContain('QUERY_KEY_API_KEY')
    expect((await call('orders__orders_search', {})).isError).not.toBe(true)
    expect(await plane.api('GET', '/workspaces/team/servers/orders')).toMatchObject({ status: 'ready' })
    await plane.api('PUT', path, { values: { BEARER_TOKEN: TOKEN, QUERY_KEY_API_KEY: QUERY_KEY } })
  })
})

describe('[M24] arguments that cannot be sent', () => {
  it.each([
    ['one that is missing', 'pets__getPet', {}, '"petId" is required.'],
    ['one of another type', 'pets__getPet', { petId: 'one' }, '"petId" must be a whole number.'],
    ['one that is unknown', 'pets__listPets', { limits: 1 }, '"limits" is unknown. It takes limit.'],
    [
      'one that is no choice',
      'orders__orders_search',
      { status: ['shut'] },
      '"status.0" must be one of "open", "paid", "a,b".',
    ],
    ['a body that lacks something', 'pets__createPet', { body: {} }, '"body.name" is required.'],
    [
      'a path that climbs',
      'orders__readFile',
      { path: '../../admin' },
      '"path" must not be or hold the path "." or "..".',
    ],
    [
      'a path that climbs when decoded twice',
      'orders__readFile',
      { path: '%252e%252e%2Fadmin' },
      '"path" must not be or hold the path "." or "..".',
    ],
    [
      'an empty part of the path',
      'orders__readFile',
      { path: '' },
      '"path" is a part of the address and cannot be empty.',
    ],
    [
      'a header of two lines',
      'orders__orders_search',
      { 'X-Trace': ['a\r\nX-Evil: 1'] },
      'it must be one line of plain ASCII',
    ],
  ])('are told before anything is sent: %s', async (_, name, args, words) => {
    const before = pets.arrived.length + orders.arrived.length
    const result = await call(name, args)
    expect(result.isError).toBe(true)
    expect(textOf(result)).toContain(words)
    expect(pets.arrived.length + orders.arrived.length).toBe(before)
  })
})

describe('an API like any server', () => {
  const server = { openapi: PETS, operations: { include: [{ operationId: 'listPets' }] } }

  it('is asked what it offers before it is added, and nothing is kept of that', async () => {
    const preview = await plane.api('POST', '/workspaces/team/servers/openapi-preview', { openapi: PETS })
    expect(preview).toMatchObject({
      title: 'Pets',
      urls: ['https://pets.example/v1'],
      credentials: [{ name: 'API_KEY', scheme: 'key' }],
    })
    expect((preview.operations as unknown[]).length).toBe(5)
    expect((preview.leftOut as unknown[]).length).toBe(2)
  })

  it.each([
    ['nothing chosen', { operations: { include: [{ tag: 'none' }] } }, /chooses none of the document/],
    ['an address of this network that is closed', { url: 'http://10.1.2.3/' }, /private, local or reserved/],
    ['a base address with a query', { url: 'https://pets.example/?a=b' }, /must not hold a query/],
    ['a document that is none', { openapi: 'hello' }, /OpenAPI 3|not an object/],
    ['a document that is too large', { openapi: 'a'.repeat(4 * 1024 * 1024 + 1) }, /larger than 4 MiB/],
  ])('is refused with what is wrong: %s', async (_, change, words) => {
    const { status, body } = await plane.tryApi('POST', '/workspaces/team/servers', {
      name: 'refused',
      ...server,
      ...change,
    })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(`${body.detail} ${body.fix}`).toMatch(words)
  })

  it('says when nobody answers, and is there again when it does', async () => {
    const api = await startApi(() => json([]))
    await add('gone', { ...server, url: api.url }, { API_KEY: KEY })
    await api[Symbol.asyncDispose]()
    const params = '"name":"gone__listPets","arguments":{}'
    const { last } = await postModern(workspace.url, workspace.token, modernText(1, 'tools/call', params))
    expect(JSON.stringify(last)).toMatch(/Nothing answers at|closed the connection/)
    const path = '/workspaces/team/servers/gone'
    expect(await plane.api('POST', `${path}/check`)).toMatchObject({
      status: 'failing',
      error: { code: 'upstream_unavailable' },
    })
    await using back = await startApi(() => json([]), Number(new URL(api.url).port))
    expect(await plane.api('POST', `${path}/check`)).toMatchObject({ status: 'ready', tools: 1 })
    expect((await call('gone__listPets', {})).isError).not.toBe(true)
    expect(back.arrived).toHaveLength(1)
  })

  it('is told when a call takes longer than it may, or nobody waits for it any more', async () => {
    await using api = await startApi(({ method }) => (method === 'HEAD' ? {} : undefined))
    await add('slow', { ...server, url: api.url, timeoutMs: 1_000 }, { API_KEY: KEY })
    const params = '"name":"slow__listPets","arguments":{}'
    const { last } = await postModern(workspace.url, workspace.token, modernText(1, 'tools/call', params))
    expect(JSON.stringify(last)).toContain('did not answer within 1 seconds')
    await expect.poll(() => api.givenUp).toBe(1)

    await plane.api('PATCH', '/workspaces/team/servers/slow', { timeoutMs: 60_000 })
    await using client = await connect({ ...workspace, era: 'legacy', way: 'directly' })
    const abort = new AbortController()
    const calling = client.call('slow__listPets', {}, { signal: abort.signal }).catch(() => 'given up')
    await expect.poll(() => api.arrived.length).toBe(2)
    abort.abort()
    expect(await calling).toBe('given up')
    await expect.poll(() => api.givenUp).toBe(2)
  })

  it('is heard to the end of its answer and no further than the limit on replies', async () => {
    const large = 'x'.repeat(17 * 1024 * 1024)
    await using api = await startApi(({ method }) =>
      method === 'HEAD' ? {} : { headers: { 'content-type': 'text/plain' }, body: large },
    )
    await add('wordy', { ...server, url: api.url }, { API_KEY: KEY })
    const params = '"name":"wordy__listPets","arguments":{}'
    const { last } = await postModern(workspace.url, workspace.token, modernText(1, 'tools/call', params))
    expect(JSON.stringify(last)).toContain('larger than 16777216 bytes')
  })

  it('[M5] gets nothing of what the client sent but its arguments', async () => {
    await call('orders__status', {})
    const names = Object.keys(orders.last().headers).sort()
    expect(names).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'mcpgw-hops', 'user-agent'])
  })

  it('may have a document of nearly 4 MiB, with a thousand operations', async () => {
    const openapi = JSON.stringify({ ...large(200), 'x-notes': '"note"\n'.repeat(385_000) })
    expect(openapi.length).toBeGreaterThan(3.9 * 1024 * 1024)
    const preview = await plane.api('POST', '/workspaces/team/servers/openapi-preview', { openapi })
    expect((preview.operations as unknown[]).length).toBe(1_000)
  })

  it('does not keep others waiting while its document is read, however long that takes', async () => {
    const document = `openapi: 3.0.0\npaths: {}\nx-much:\n${'- { a: [1, 2, 3], b: { c: d } }\n'.repeat(5_000)}`
    let isRead = false
    const reading = plane
      .tryApi('POST', '/workspaces/team/servers/openapi-preview', { openapi: document })
      .finally(() => {
        isRead = true
      })
    let calls = 0
    while (!isRead) {
      expect((await call('pets__listPets', {})).isError).not.toBe(true)
      calls++
    }
    expect((await reading).status).toBe(200)
    expect(calls).toBeGreaterThan(5)
  })

  it('sends forms of text, whose fields cannot end early', async () => {
    const title = `a\r\n--x\r\nContent-Disposition: form-data; name="evil"\r\n\r\n${randomBytes(4).toString('hex')}`
    await call('orders__upload', { body: { title } })
    const { headers, body } = orders.last()
    const form = await new Response(body, {
      headers: { 'content-type': String(headers['content-type']) },
    }).formData()
    expect([...form.entries()]).toEqual([['title', title]])
  })

  it('keeps approved definitions: a call is logged, counted and ruled as any other', async () => {
    const readers = await plane.token('team', { name: 'readers', rules: { readOnlyTools: true } })
    await using client = await connect({ url: workspace.url, token: readers, era: 'modern', way: 'directly' })
    const names = (await client.tools()).filter((name) => name.startsWith('pets__'))
    expect(names).toEqual(['pets__listPets', 'pets__getPet', 'pets__getPhoto'])
    const { items } = await plane.api('GET', '/workspaces/team/audit?server=pets&tool=getPhoto')
    expect(items).toMatchObject([{ server: 'pets', tool: 'getPhoto', outcome: 'ok' }])
    const pins = await plane.api('GET', '/workspaces/team/servers/pets/pins')
    expect((pins.items as { state: string }[]).map(({ state }) => state)).toEqual(Array(5).fill('approved'))
  })
})
