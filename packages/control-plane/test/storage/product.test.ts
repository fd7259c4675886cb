import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logInDevice } from '../admin/device-login.ts'
import { ControlPlane } from '../control-plane.ts'
import { startPostgres } from '../postgres.ts'
import { openStream } from '../resilience/open-stream.ts'
import { runProgram } from '../resilience/run-program.ts'
import { answerText, type SmallUpstream, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

/** What we promise of changes made at another replica. */
const SOON = { timeout: 2_000, interval: 20 }
const SLUG = 'team'
const SECRET = 'the-secret-of-the-first-server'

const postgres = await startPostgres()
const open = new AsyncDisposableStack()
if (postgres !== undefined) open.use(postgres)
afterAll(() => open.disposeAsync())

// The harness warns why there is no PostgreSQL, where there is none.
describe.skipIf(postgres === undefined)('two control planes on one PostgreSQL', () => {
  const masterKey = randomBytes(32).toString('base64')
  let databaseUrl = ''
  let here: ControlPlane
  let there: ControlPlane
  let upstream: SmallUpstream
  let token = ''

  const start = () =>
    ControlPlane.start({ args: ['--database-url', databaseUrl], env: { MCPGW_MASTER_KEY: masterKey } })
  const urlAt = (plane: ControlPlane) => `${plane.url}/ws/${SLUG}`
  const server = (name: string, more: object = {}) => ({ name, url: upstream.url, ...more })

  beforeAll(async () => {
    databaseUrl = (await postgres?.url()) ?? ''
    upstream = open.use(
      await startSmall(['tell'], (call) => {
        const { authorization = 'nothing' } = call.request.headers
        answerText(
          call,
          `${authorization === `Bearer ${SECRET}` ? 'welcome' : 'who are you'}, ${authorization}`,
        )
      }),
    )
    // At once, on an empty database.
    const started = await Promise.all([start(), start()])
    for (const plane of started) open.use(plane)
    ;[here, there] = started
    token = (await here.workspace(SLUG)).token
    await here.addServer(SLUG, server('first', { headers: { Authorization: 'Bearer {{TOKEN}}' } }))
    await here.api('PUT', `/workspaces/${SLUG}/servers/first/credential`, { values: { TOKEN: SECRET } })
  })

  it('serve the same workspace, its credential and its tokens', async () => {
    for (const plane of [here, there]) {
      await expect
        .poll(async () => (await WireClient.open(urlAt(plane), token)).tools(), SOON)
        .toContain('first__tell')
      const client = await WireClient.open(urlAt(plane), token)
      const answer = await client.call('first__tell')
      expect(answer).toMatch(/^welcome, Bearer /)
      expect(answer).not.toContain(SECRET)
    }
  })

  it('write one log, which each of them reads and verifies', async () => {
    const clients = await Promise.all([here, there].map((plane) => WireClient.open(urlAt(plane), token)))
    const before = Number((await here.api('GET', `/workspaces/${SLUG}/audit/verify`)).rows)
    await Promise.all(Array.from({ length: 20 }, (_, at) => clients[at % 2]?.call('first__tell', { at })))
    for (const plane of [here, there]) {
      const verdict = await plane.api('GET', `/workspaces/${SLUG}/audit/verify`)
      expect(verdict).toMatchObject({ ok: true })
      expect(Number(verdict.rows)).toBeGreaterThanOrEqual(before + 20)
      const { items } = await plane.api('GET', `/workspaces/${SLUG}/audit?kind=call&limit=100`)
      const rows = items as { seq: number; tool: string; outcome: string }[]
      expect(rows[0]).toMatchObject({ tool: 'tell', outcome: 'ok' })
      const seqs = rows.map(({ seq }) => seq)
      expect(seqs).toEqual(seqs.toSorted((one, other) => other - one))
      expect(new Set(seqs).size).toBe(seqs.length)
    }
  })

  it('take up each other’s sessions', async () => {
    const client = await WireClient.open(urlAt(here), token)
    const moved = new WireClient(urlAt(there), token)
    moved.sessionId = client.sessionId
    expect(await moved.tools()).toContain('first__tell')
  })

  it('tell connected clients within two seconds of a server that was added at the other', async () => {
    const client = await WireClient.open(urlAt(there), token)
    const stream = await openStream(urlAt(there), {
      headers: { ...client.headers, accept: 'text/event-stream' },
    })
    const told = stream.holds('notifications/tools/list_changed')
    await here.api('POST', `/workspaces/${SLUG}/servers`, server('second'))
    const addedAt = performance.now()
    await told
    await expect.poll(() => client.tools(), SOON).toContain('second__tell')
    expect(performance.now() - addedAt).toBeLessThan(2_000)
    expect(await client.call('second__tell')).toBe('who are you, nothing')

    await here.api('DELETE', `/workspaces/${SLUG}/servers/second`)
    await expect.poll(() => client.tools(), SOON).not.toContain('second__tell')
  })

  it('use a credential within two seconds of its rotation at the other', async () => {
    const rotated = open.use(
      await startSmall(['tell'], (call) =>
        answerText(call, `length: ${call.request.headers.authorization?.length}`),
      ),
    )
    const headers = { Authorization: '{{TOKEN}}' }
    await here.addServer(SLUG, { name: 'rotated', url: rotated.url, headers })
    const put = (value: string) =>
      here.api('PUT', `/workspaces/${SLUG}/servers/rotated/credential`, { values: { TOKEN: value } })
    await put('x'.repeat(10))
    const client = await WireClient.open(urlAt(there), token)
    const seen = () => client.call('rotated__tell').catch((error: Error) => error.message)
    await expect.poll(seen, SOON).toBe('length: 10')
    await put('x'.repeat(20))
    await expect.poll(seen, SOON).toBe('length: 20')
  })

  it('refuse a token and end its streams within two seconds of its revocation at the other', async () => {
    const issued = await here.api('POST', `/workspaces/${SLUG}/tokens`, {
      name: 'gone',
      member: 'ada',
      role: 'developer',
    })
    const client = await WireClient.open(urlAt(there), String(issued.token))
    const stream = await openStream(urlAt(there), {
      headers: { ...client.headers, accept: 'text/event-stream' },
    })
    expect((await client.send('tools/list')).status).toBe(200)

    await here.api('DELETE', `/workspaces/${SLUG}/tokens/${issued.id}`)
    const revokedAt = performance.now()
    await expect.poll(async () => (await client.send('tools/list')).status, SOON).toBe(401)
    await stream.closed
    expect(performance.now() - revokedAt).toBeLessThan(2_000)
    expect((await client.send('tools/call', { name: 'first__tell' })).status).toBe(401)
  })

  it('let a device in that asked at the other, and out again when its approver is revoked there', async () => {
    const approver = await here.api('POST', `/workspaces/${SLUG}/tokens`, {
      name: 'approver',
      member: 'ada',
      role: 'developer',
    })
    const proof = String(approver.token)
    const device = await logInDevice({ deviceAt: here, personAt: there, workspace: SLUG, proof })
    const client = await WireClient.open(urlAt(here), device)
    const stream = await openStream(urlAt(here), {
      headers: { ...client.headers, accept: 'text/event-stream' },
    })
    await there.api('DELETE', `/workspaces/${SLUG}/tokens/${approver.id}`)
    const revokedAt = performance.now()
    await stream.closed
    expect(performance.now() - revokedAt).toBeLessThan(2_000)
    expect((await client.send('tools/list')).status).toBe(401)
  })

  it('lose nothing when one is killed: the other goes on, and a new one comes to the same', async () => {
    const third = await start()
    await third.addServer(SLUG, server('third'))
    await third.kill('SIGKILL')
    await third[Symbol.asyncDispose]()
    const client = await WireClient.open(urlAt(there), token)
    await expect.poll(() => client.tools(), SOON).toContain('third__tell')
    expect(await here.api('GET', `/workspaces/${SLUG}/audit/verify`)).toMatchObject({ ok: true })
  })

  it('are not joined by one that has no master key, or another one', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mcpgw-test-'))
    open.defer(() => rm(dataDir, { recursive: true, force: true }))
    const args = ['serve', '--data-dir', dataDir, '--port', '0', '--database-url', databaseUrl]
    const keyless = await runProgram(args)
    expect(keyless).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('MCPGW_MASTER_KEY'),
    })
    const foreign = await runProgram(args, { MCPGW_MASTER_KEY: randomBytes(32).toString('base64') })
    expect(foreign).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('master key') })
    const client = await WireClient.open(urlAt(here), token)
    expect(await client.call('first__tell')).toContain('welcome')
  })
})
