import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ByteBudget } from '../../model/byte-budget.ts'
import { DEFAULT_LIMITS } from '../../model/limits.ts'
import type { Principal } from '../../model/principal.ts'
import { openStorage } from '../../storage/open-storage.ts'
import { openVault } from '../../vault/vault.ts'
import { SlowReaders } from '../workspace-door/slow-readers.ts'
import { clientText, LegacySessions } from './legacy-sessions.ts'
import { Responder } from './responder.ts'

const readers = new SlowReaders(DEFAULT_LIMITS, new ByteBudget(0))

const clock = { now: () => 0 }
const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const folder = mkdtempSync(join(tmpdir(), 'mcpgw-sessions-'))
const open = new AsyncDisposableStack()
open.defer(() => rmSync(folder, { recursive: true, force: true }))
const storage = open.use(await openStorage({ url: `sqlite:${join(folder, 'sessions.db')}`, clock }))
const vault = open.use(
  await openVault({
    masterKey: random.bytes(32),
    keys: storage.keys,
    credentials: storage.credentials,
    bus: storage.bus,
    clock,
    random,
  }),
)
afterAll(() => open.disposeAsync())

/** One more replica: it knows no sessions, and has the same master key. */
const replica = () => new LegacySessions(vault.sealer('session'))
const principal = (tokenId: string, more: Partial<Principal> = {}): Principal => ({
  tokenId,
  workspaceId: 'w',
  member: 'ada',
  role: 'developer',
  rules: {},
  ...more,
})
const ada = principal('ada’s token')
const PARAMS = {
  clientInfo: { name: 'client', version: '1' },
  capabilities: { elicitation: { form: {} }, experimental: { x: 1 } },
}
const create = (sessions = replica(), who = ada) => sessions.create(who, 'w', '2025-06-18', PARAMS)

describe('a session', () => {
  it('is found by its id, the same each time', () => {
    const sessions = replica()
    const [id, session] = create(sessions)
    expect(sessions.find(id, ada, 'w')).toBe(session)
    expect(session.caller).toMatchObject({ era: 'legacy', client: 'client/1', principal: ada })
  })

  it('is found by another replica, which knows as much about its client', () => {
    const [id, session] = create()
    const other = replica().find(id, ada, 'w')
    expect(other).not.toBe(session)
    expect(other?.facts).toEqual(session.facts)
    expect(other?.facts).toMatchObject({
      revision: '2025-06-18',
      capabilities: { elicitation: { form: {} } },
    })
    expect(other?.caller.profile).toEqual(session.caller.profile)
  })

  it('has an id that fits into a header and tells nothing', () => {
    const [id] = create()
    expect(id).toMatch(/^[A-Za-z0-9_-]{40,1000}$/)
    expect(Buffer.from(id, 'base64url').toString('latin1')).not.toContain('client')
    expect(create()[0]).not.toBe(id)
  })

  it.each([
    ['another token', principal('other'), 'w'],
    ['another token of the same member', principal('ada’s other token'), 'w'],
    ['another workspace', ada, 'v'],
    ['an owner', principal('owner', { role: 'owner' }), 'w'],
  ])('is not found by %s, where it was made and elsewhere', (_, who, workspace) => {
    const sessions = replica()
    const [id] = create(sessions)
    expect(sessions.find(id, who, workspace)).toBeUndefined()
    expect(replica().find(id, who, workspace)).toBeUndefined()
    // And its owner still has it.
    expect(sessions.find(id, ada, 'w')).toBeDefined()
  })

  it('is not found by an id that was changed in any place, cut, or made up', () => {
    const sessions = replica()
    const [id] = create(sessions)
    const bytes = Buffer.from(id, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect(sessions.find(changed.toString('base64url'), ada, 'w')).toBeUndefined()
    }
    for (const bad of ['', 'x', id.slice(0, -1), `${id}A`, `${id}=`, ` ${id}`, `${id}, ${id}`, 'null'])
      expect(sessions.find(bad, ada, 'w')).toBeUndefined()
  })

  it('is not found under something that was sealed for another purpose', () => {
    const foreign = vault.sealer('request-state').seal(Buffer.from('{}'), `w ${ada.tokenId}`)
    expect(replica().find(foreign, ada, 'w')).toBeUndefined()
  })

  it('follows the rules of its token when they change', () => {
    const sessions = replica()
    const [id, session] = create(sessions)
    const judge = () => session.caller.policy.decide({ server: 's', tool: 't', readOnly: false }).allowed
    expect(judge()).toBe(true)
    const restricted = principal(ada.tokenId, { rules: { tools: { allow: [] } } })
    expect(sessions.find(id, restricted, 'w')).toBe(session)
    expect(judge()).toBe(false)
    expect(session.caller.principal).toBe(restricted)
  })

  it('is not found again once it has ended', () => {
    const sessions = replica()
    const [id, session] = create(sessions)
    sessions.end(id, session, 'w')
    expect(sessions.find(id, ada, 'w')).toBeUndefined()
  })
})

describe('what a client says of itself', () => {
  it('may be missing or unreadable', () => {
    for (const clientInfo of [undefined, null, 5, 'x', {}, { name: 5, version: [] }]) {
      const [, { caller }] = replica().create(ada, 'w', '2025-06-18', { clientInfo, capabilities: 7 })
      expect(caller.client).toBe('unknown/0')
      expect(caller.capabilities).toEqual({})
    }
  })

  it('is cut and cleaned before it reaches a log', () => {
    expect(clientText('a\u0000b\r\nc\u001b[31m\u202Ed', 'x')).toBe('abc[31md')
    expect(clientText('x'.repeat(1_000), '')).toHaveLength(100)
    expect(clientText('\u0007', 'unknown')).toBe('unknown')
    expect(clientText('Zürich 🎉', '')).toBe('Zürich 🎉')
  })

  it('never makes its session id too long for a header', () => {
    const capabilities = {
      elicitation: { form: 'x'.repeat(10_000), ['y'.repeat(10_000)]: {} },
      roots: { z: [] },
    }
    const clientInfo = { name: '🎉'.repeat(500), version: '"'.repeat(500) }
    const [id] = replica().create(ada, 'w', '2025-06-18', { clientInfo, capabilities })
    expect(id.length).toBeLessThan(4_000)
  })
})

describe('a running request', () => {
  it('is cancelled by its own id and kind of id, once', async () => {
    await using exchange = await openExchange()
    const [, session] = create()
    const reasons: string[] = []
    session.linkFor(1, exchange.responder).onCancel((reason) => reasons.push(`number ${reason}`))
    session.linkFor('1', exchange.responder).onCancel((reason) => reasons.push(`text ${reason}`))
    expect(session.cancel('1', 'a')).toBe(true)
    expect(session.cancel('1', 'b')).toBe(false)
    expect(session.cancel(2, 'c')).toBe(false)
    session.finished(1)
    expect(session.cancel(1, 'd')).toBe(false)
    expect(reasons).toEqual(['text a'])
  })

  it('can ask its client, whose answer comes with another request', async () => {
    await using exchange = await openExchange()
    const [, session] = create()
    const asked = session.linkFor(1, exchange.responder).ask('elicitation/create', { message: 'sure?' })
    const question = await exchange.next()
    expect(question).toMatchObject({ method: 'elicitation/create', params: { message: 'sure?' } })
    session.answered({ jsonrpc: '2.0', id: 'made up', result: { action: 'decline' } })
    session.answered({ jsonrpc: '2.0', id: question.id, result: { action: 'accept' } })
    session.answered({ jsonrpc: '2.0', id: question.id, result: { action: 'too late' } })
    expect(await asked).toEqual({ result: { action: 'accept' } })
  })

  it('cannot be answered from another session', async () => {
    await using exchange = await openExchange()
    const [, session] = create()
    const [, other] = create()
    const asked = session.linkFor(1, exchange.responder).ask('elicitation/create', {})
    const { id } = await exchange.next()
    other.answered({ jsonrpc: '2.0', id, result: { action: 'stolen' } })
    session.answered({ jsonrpc: '2.0', id, error: { code: -1, message: 'no' } })
    expect(await asked).toEqual({ error: { code: -1, message: 'no' } })
  })

  it('tells its client when a question is taken back', async () => {
    await using exchange = await openExchange()
    const [, session] = create()
    const withdrawal = new AbortController()
    const asked = session.linkFor(1, exchange.responder).ask('elicitation/create', {}, withdrawal.signal)
    const refused = expect(asked).rejects.toMatchObject({ code: 'cancelled' })
    const { id } = await exchange.next()
    withdrawal.abort('never mind')
    await refused
    expect(await exchange.next()).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: id, reason: 'never mind' },
    })
  })

  it('cannot ask a client that takes no events', async () => {
    await using exchange = await openExchange('application/json')
    const [, session] = create()
    const asked = session.linkFor(1, exchange.responder).ask('elicitation/create', {})
    await expect(asked).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('stops waiting for an answer when its client has gone', async () => {
    await using exchange = await openExchange()
    const [, session] = create()
    const asked = session.linkFor(1, exchange.responder).ask('elicitation/create', {})
    const refused = expect(asked).rejects.toMatchObject({ code: 'cancelled' })
    await exchange.next()
    exchange.leave()
    await refused
  })
})

it('tells each change on one stream only: the newest', async () => {
  await using older = await openExchange()
  await using newer = await openExchange()
  const [, session] = create()
  for (const { responder, response } of [older, newer]) {
    responder.stream()
    session.addStream(response)
  }
  const tellBoth = (method: string) => {
    for (const { response } of [older, newer]) session.tellOn(response, method)
  }
  tellBoth('first')
  expect(await newer.next()).toMatchObject({ method: 'first' })
  session.removeStream(newer.response)
  tellBoth('second')
  expect(await older.next()).toMatchObject({ method: 'second' })
})

interface Exchange extends AsyncDisposable {
  responder: Responder
  response: ServerResponse
  /** The next message that the client hears. */
  next(): Promise<{ id: string; method: string; params: object }>
  leave(): void
}

/** A real request that waits for its answer. */
async function openExchange(accept = 'application/json, text/event-stream'): Promise<Exchange> {
  const arrived = Promise.withResolvers<{ responder: Responder; response: ServerResponse }>()
  const server = createServer((request, response) =>
    arrived.resolve({ responder: new Responder(request, response, readers, () => {}), response }),
  )
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  const leaving = new AbortController()
  const answer = fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { accept },
    signal: leaving.signal,
  })
  answer.catch(() => {})
  const messages = eventsOf(answer)
  return {
    ...(await arrived.promise),
    next: async () => (await messages.next()).value,
    leave: () => leaving.abort(),
    async [Symbol.asyncDispose]() {
      leaving.abort()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

async function* eventsOf(answer: Promise<Response>) {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of (await answer).body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) yield JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '')
  }
}
