import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { EVERYTHING } from '../gateway/everything.ts'
import { type ChangingServer, FULL, STEADY, startChanging } from '../trust/changing-server.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'

type Json = Record<string, unknown>

const SECRET = 'a-secret-of-some-length-42'
const SLUG = 'play'
const PATIENCE_MS = 15_000

const open = new AsyncDisposableStack()
let plane: ControlPlane
let modern: ScriptedServer
let legacy: ScriptedServer
let changing: ChangingServer

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  modern = open.use(await startScripted('modern'))
  legacy = open.use(await startScripted('legacy'))
  changing = open.use(await startChanging())
  await plane.workspace(SLUG)
  await plane.addServer(SLUG, { name: 'modern', url: modern.url })
  await plane.addServer(SLUG, { name: 'legacy', url: legacy.url })
  await plane.addServer(SLUG, { name: 'changing', url: changing.url, pin: 'enforce' })
  await plane.api('POST', `/workspaces/${SLUG}/servers`, {
    name: 'everything',
    command: process.execPath,
    args: [EVERYTHING, 'stdio'],
    env: { API_KEY: '{{API_KEY}}' },
  })
  await plane.api('PUT', `/workspaces/${SLUG}/servers/everything/credential`, { values: { API_KEY: SECRET } })
  await plane.api('POST', `/workspaces/${SLUG}/servers/everything/check`)
}, 60_000)
afterAll(() => open.disposeAsync())

interface Called {
  outcome: string
  latencyMs: number
  upstreamMs: number | null
  requestId: string
  seq: number | null
  result: { content: Json[]; structuredContent?: Json; isError?: boolean } | null
  error: { code: string; message: string; fix?: string; rpcCode?: number; data?: Json } | null
  inputRequired: { inputRequests: Record<string, { params: Json }>; requestState?: string } | null
}

async function call(body: Json, token?: string): Promise<Called> {
  // The shape is a part of the public contract; a wrong one fails where it is used.
  return (await plane.api('POST', `/workspaces/${SLUG}/calls`, body, token)) as unknown as Called
}

function tryCall(body: Json, token?: string) {
  return plane.tryApi('POST', `/workspaces/${SLUG}/calls`, body, token)
}

async function rows(query: string): Promise<Json[]> {
  return (await plane.api('GET', `/workspaces/${SLUG}/audit?${query}`)).items as Json[]
}

async function rowOf({ requestId }: Called): Promise<Json> {
  const found = (await rows('limit=50')).filter((row) => row.requestId === requestId)
  expect(found).toHaveLength(1)
  return found[0] ?? {}
}

function issue(more: Json = {}): Promise<Json> {
  return plane.api('POST', `/workspaces/${SLUG}/tokens`, {
    name: 'laptop',
    member: 'dev',
    role: 'developer',
    ...more,
  })
}

const firstText = ({ result }: Called) => String(result?.content[0]?.text)

describe('a call by hand', () => {
  it('is answered with the result, and what it took, and leaves one row of the caller', async () => {
    const { token, id } = await issue({ member: 'mia' })
    const called = await call({ name: 'everything__echo', arguments: { message: 'hello' } }, String(token))
    expect(called).toMatchObject({ outcome: 'ok', error: null, inputRequired: null })
    expect(called.result).toEqual({ content: [{ type: 'text', text: 'Echo: hello' }] })
    expect(called.latencyMs).toBeGreaterThanOrEqual(called.upstreamMs ?? Infinity)
    const row = await rowOf(called)
    expect(row).toMatchObject({
      kind: 'call',
      seq: called.seq,
      tokenId: id,
      member: 'mia',
      role: 'developer',
      client: 'playground (mia)',
      server: 'everything',
      tool: 'echo',
      shownAs: 'everything__echo',
      outcome: 'ok',
      latencyMs: called.latencyMs,
    })
  })

  it('tells where its row is in the log', async () => {
    const called = await call({ name: 'everything__echo', arguments: { message: 'hello' } })
    expect((await plane.api('GET', `/workspaces/${SLUG}/audit/${called.seq}`)).requestId).toBe(
      called.requestId,
    )
  })

  it('shows an error of the tool as its result', async () => {
    const called = await call({ name: 'modern__fail' })
    expect(called).toMatchObject({
      outcome: 'tool_error',
      error: null,
      result: { isError: true, content: [{ type: 'text', text: 'It failed.' }] },
    })
    expect(await rowOf(called)).toMatchObject({ outcome: 'tool_error' })
  })

  it('shows what the server itself refused, in its own words', async () => {
    const called = await call({ name: 'modern__refuse' })
    expect(called).toMatchObject({
      outcome: 'protocol_error',
      result: null,
      error: { code: 'protocol_error', rpcCode: -31999, message: 'Refused.' },
    })
    expect(await rowOf(called)).toMatchObject({ outcome: 'protocol_error' })
  })

  it('keeps every digit and every kind of content, in both directions', async () => {
    const answer = await fetch(`${plane.url}/api/v1/workspaces/${SLUG}/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${plane.ownerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'modern__exact', arguments: '{"n":9007199254740993}' }),
    })
    const text = await answer.text()
    expect(text).toContain('"type":"com.example/hologram","voxels":9007199254740993,"scale":1e400')
    expect(text).toContain('"structuredContent":{"id":9007199254740993,"tiny":1e-400}')
    expect(text).toContain('"com.example.extra":{"unknown":true}')
    expect(modern.heard.at(-1)?.raw).toContain('"arguments":{"n":9007199254740993}')
  })

  it('shows an image', async () => {
    const called = await call({ name: 'everything__get-tiny-image' })
    const image = called.result?.content.find(({ type }) => type === 'image')
    expect(image).toMatchObject({ mimeType: 'image/png' })
    expect(Buffer.from(String(image?.data), 'base64').subarray(1, 4).toString()).toBe('PNG')
  })

  it('shows no secret, also where the server says it', async () => {
    const called = await call({ name: 'everything__get-env' })
    expect(called.outcome).toBe('ok')
    expect(firstText(called)).toContain('API_KEY')
    expect(JSON.stringify(called)).not.toContain(SECRET)
  })

  it('says how to mend a server that cannot be reached', async () => {
    const gone = await startScripted('modern')
    await plane.addServer(SLUG, { name: 'gone', url: gone.url })
    await gone[Symbol.asyncDispose]()
    const called = await call({ name: 'gone__peek' })
    expect(called).toMatchObject({
      outcome: 'unreachable',
      result: null,
      error: { code: 'upstream_unavailable' },
    })
    expect(called.error?.message).toContain('"gone"')
    await plane.api('DELETE', `/workspaces/${SLUG}/servers/gone`)
  })

  it('says that a tool is not there, and what may hide it', async () => {
    const called = await call({ name: 'modern__none' })
    expect(called).toMatchObject({
      outcome: 'denied',
      upstreamMs: null,
      error: {
        code: 'not_found',
        message: 'Unknown tool: modern__none',
        fix: expect.stringContaining('rules'),
      },
    })
    expect(await rowOf(called)).toMatchObject({ outcome: 'denied', reason: 'unknown' })
  })

  it('does not reach a tool whose definition waits for approval', async () => {
    expect((await call({ name: 'changing__tool' })).outcome).toBe('ok')
    changing.lists({ ...FULL, description: 'Now it reads your mail.' }, STEADY)
    await plane.api('POST', `/workspaces/${SLUG}/servers/changing/check`)
    const before = changing.calls()
    const called = await call({ name: 'changing__tool' })
    expect(called).toMatchObject({ outcome: 'denied', error: { code: 'not_found' } })
    expect(changing.calls()).toBe(before)
    expect(await rowOf(called)).toMatchObject({ reason: 'definition changed, waits for approval' })
  })

  it('ends at the server when the request is given up, and leaves its row', async () => {
    const given = new AbortController()
    const asked = fetch(`${plane.url}/api/v1/workspaces/${SLUG}/calls`, {
      method: 'POST',
      signal: given.signal,
      headers: { authorization: `Bearer ${plane.ownerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'legacy__wait' }),
    })
    await legacy.hears('tools/call', '"wait"')
    given.abort()
    await expect(asked).rejects.toThrow()
    await legacy.hears('notifications/cancelled')
    await expect
      .poll(() => rows('tool=wait&outcome=cancelled'), { timeout: PATIENCE_MS })
      .toMatchObject([{ shownAs: 'legacy__wait', client: expect.stringContaining('playground') }])
  })

  it('ends when the token it is made with is revoked', async () => {
    const { token, id } = await issue()
    const asked = tryCall({ name: 'modern__wait', token: id })
    await modern.hears('tools/call', '"wait"')
    await plane.api('DELETE', `/workspaces/${SLUG}/tokens/${id}`)
    expect((await asked).body).toMatchObject({ outcome: 'cancelled', error: { code: 'cancelled' } })
    expect((await tryCall({ name: 'modern__peek' }, String(token))).status).toBe(401)
  })

  it('takes as long as a call may', async () => {
    await plane.addServer(SLUG, { name: 'hasty', url: modern.url, timeoutMs: 1_000 })
    const called = await call({ name: 'hasty__wait' })
    expect(called).toMatchObject({ outcome: 'timeout', error: { code: 'upstream_timeout' } })
    expect(called.latencyMs).toBeGreaterThan(900)
  })

  it('shows nothing of more than 2 MiB, and says where to get it', async () => {
    const message = 'x'.repeat(1024 * 1024 - 200)
    const small = await call({ name: 'everything__echo', arguments: { message } })
    expect(firstText(small)).toHaveLength(message.length + 'Echo: '.length)
    const large = await startLarge()
    await plane.addServer(SLUG, { name: 'large', url: large.url })
    const called = await call({ name: 'large__large' })
    expect(called).toMatchObject({
      outcome: 'ok',
      result: null,
      error: { code: 'too_large', fix: expect.stringContaining('MCP client') },
    })
    await large[Symbol.asyncDispose]()
  })

  it('is refused where the workspace is somebody else’s', async () => {
    await plane.api('POST', '/workspaces', { slug: 'elsewhere', name: 'Elsewhere' })
    const foreign = await plane.token('elsewhere', { role: 'admin' })
    expect((await tryCall({ name: 'modern__peek' }, foreign)).status).toBe(404)
  })

  it('takes arguments that are an object and nothing else', async () => {
    for (const args of ['[1]', '{', '"text"', 7, [1]])
      expect([args, (await tryCall({ name: 'modern__peek', arguments: args })).status]).toEqual([args, 400])
    const bomb = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`
    expect((await tryCall({ name: 'modern__peek', arguments: bomb })).status).toBe(413)
  })
})

describe.each(['modern', 'legacy'] as const)('a %s server that asks', (kind) => {
  it('is answered in the rounds it wants', async () => {
    const name = `${kind}__ask-twice`
    const first = await call({ name, arguments: { a: 1 } })
    expect(first).toMatchObject({ outcome: 'ok', result: null, error: null })
    expect(Object.values(first.inputRequired?.inputRequests ?? {})).toMatchObject([
      { method: 'elicitation/create', params: { message: 'Your name?' } },
    ])
    const second = await call({ name, arguments: { a: 1 }, ...answered(first, { name: 'Ada' }) })
    expect(Object.values(second.inputRequired?.inputRequests ?? {})).toMatchObject([
      { params: { message: 'Your colour?' } },
    ])
    const last = await call({ name, arguments: { a: 1 }, ...answered(second, { colour: 'blue' }) })
    expect(JSON.parse(firstText(last))).toMatchObject([
      { content: { name: 'Ada' } },
      { content: { colour: 'blue' } },
    ])
    for (const called of [first, second, last]) await rowOf(called)
  })

  it('is not answered by others, nor for other arguments', async () => {
    const name = `${kind}__ask-twice`
    const first = await call({ name, arguments: { a: 1 } })
    const answer = answered(first, { name: 'Ada' })
    const { token } = await issue()
    for (const called of [
      await call({ name, arguments: { a: 2 }, ...answer }),
      await call({ name, arguments: { a: 1 }, ...answer }, String(token)),
    ])
      expect(called).toMatchObject({ outcome: 'protocol_error', error: { code: 'invalid_request' } })
  })
})

function answered({ inputRequired }: Called, content: Json): Json {
  const keys = Object.keys(inputRequired?.inputRequests ?? {})
  return {
    inputResponses: Object.fromEntries(keys.map((key) => [key, { action: 'accept', content }])),
    requestState: inputRequired?.requestState,
  }
}

describe('a call as a token', () => {
  it('is made by its rules and in its name, and the log says who made it', async () => {
    const { id } = await issue({
      member: 'rob',
      role: 'readonly',
      rules: { tools: { deny: ['modern/fail'] } },
    })
    const admin = await plane.token(SLUG, { role: 'admin', member: 'ada' })
    const allowed = await call({ name: 'modern__peek', token: id }, admin)
    expect(allowed.outcome).toBe('ok')
    const refused = await call({ name: 'modern__fail', token: id }, admin)
    expect(refused).toMatchObject({ outcome: 'denied', error: { code: 'not_found' } })
    expect(await rowOf(allowed)).toMatchObject({
      tokenId: id,
      member: 'rob',
      role: 'readonly',
      client: 'playground (ada)',
    })
    expect(await rowOf(refused)).toMatchObject({ tokenId: id, reason: 'tool_denied' })
    expect(await rows(`kind=management&tool=${id}&member=ada`)).toMatchObject([
      { method: 'call.as-token', server: 'modern', shownAs: 'laptop', outcome: 'ok' },
      { method: 'call.as-token', server: 'modern', shownAs: 'laptop', outcome: 'ok' },
    ])
  })

  it('leaves no row of the kind when it is the caller’s own', async () => {
    const { id, token } = await issue()
    expect((await call({ name: 'modern__peek', token: id }, String(token))).outcome).toBe('ok')
    const noted = await rows(`kind=management&tool=${id}`)
    expect(noted.map(({ method }) => method)).toEqual(['token.create'])
  })

  it('is for those who manage tokens', async () => {
    const { id } = await issue()
    const { token } = await issue({ member: 'other' })
    const { status, body } = await tryCall({ name: 'modern__peek', token: id }, String(token))
    expect([status, body.code]).toEqual([403, 'forbidden'])
    expect(await rows(`kind=management&tool=${id}&member=other`)).toMatchObject([
      { method: 'call.as-token', outcome: 'denied', reason: 'forbidden' },
    ])
  })

  it('gives nobody more than their own rules', async () => {
    const { id } = await issue()
    const { token } = await issue({ role: 'admin', rules: { servers: { allow: ['legacy'] } } })
    expect((await tryCall({ name: 'modern__peek', token: id }, String(token))).status).toBe(403)
  })

  it('needs a live token of the same workspace, and says so', async () => {
    await plane.api('POST', '/workspaces', { slug: 'neighbours', name: 'Neighbours' })
    const foreign = await plane.api('POST', '/workspaces/neighbours/tokens', {
      name: 'x',
      member: 'eve',
      role: 'developer',
    })
    const revoked = await issue()
    await plane.api('DELETE', `/workspaces/${SLUG}/tokens/${revoked.id}`)
    const { items } = await plane.api('GET', '/tokens')
    const [owner] = items as Json[]
    const admin = await plane.token(SLUG, { role: 'admin' })
    const expired = await expiredToken()
    for (const [id, status, code] of [
      [expired, 409, 'conflict'],
      ['unknown', 404, 'not_found'],
      [foreign.id, 404, 'not_found'],
      [owner?.id, 404, 'not_found'],
      [revoked.id, 409, 'conflict'],
    ]) {
      const answer = await tryCall({ name: 'modern__peek', token: id }, admin)
      expect([answer.status, answer.body.code]).toEqual([status, code])
      expect(answer.body.fix).toContain('live token')
    }
  })
})

/** Nobody can issue one that is over, so one is made over in the database. */
async function expiredToken(): Promise<unknown> {
  const { id } = await issue()
  const file = new DatabaseSync(join(plane.dataDir, 'mcpgw.db'))
  file.prepare('update tokens set expires_at = ? where id = ?').run(Date.now() - 1, String(id))
  file.close()
  return id
}

/** Answers with three megabytes. */
async function startLarge() {
  return startScripted('modern', {
    definitions: () => ['{"name":"large","inputSchema":{"type":"object"}}'],
    text: 'x'.repeat(3 * 1024 * 1024),
  })
}
