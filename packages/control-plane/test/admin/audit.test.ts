import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { describe, expect, it } from 'vitest'
import { linkRow } from '../../src/audit/chain.ts'
import type { AuditEntry } from '../../src/model/audit-row.ts'
import { sampleEntry } from '../storage/samples.ts'
import { type Caller, type Installation, openInstallation } from './installation.ts'

const AUDIT = '/workspaces/acme/audit'

describe('the log', () => {
  it('keeps one row of every change, with who, what and how it ended', async () => {
    await using gateway = await openInstallation()
    const notes = { name: 'notes', url: 'https://mcp.example.com/' }
    await gateway.ask('admin', 'POST', '/workspaces/acme/servers', notes)
    await gateway.ask('developer', 'POST', '/workspaces/acme/servers', notes)
    await gateway.ask('admin', 'GET', '/workspaces/acme/servers')
    await gateway.ask('admin', 'DELETE', '/workspaces/acme/tokens/t-dev')
    const { items } = (await gateway.ask('admin', 'GET', AUDIT)).body
    expect(items).toEqual([
      expect.objectContaining({
        seq: 3,
        method: 'token.revoke',
        tool: 't-dev',
        shownAs: "dev's token",
        outcome: 'ok',
      }),
      expect.objectContaining({ seq: 2, member: 'dev', outcome: 'denied', reason: 'forbidden' }),
      {
        seq: 1,
        time: '2026-01-31T12:00:00.000Z',
        workspace: 'acme',
        kind: 'management',
        method: 'server.create',
        tokenId: 't-ada',
        member: 'ada',
        role: 'admin',
        client: null,
        server: 'notes',
        tool: 'notes',
        shownAs: null,
        outcome: 'ok',
        latencyMs: 0,
        upstreamMs: null,
        bytesIn: 0,
        bytesOut: 0,
        requestId: expect.any(String),
      },
    ])
  })

  it('refuses changes while it cannot be written', async () => {
    await using gateway = await openInstallation()
    const { audit } = gateway.storage
    audit.append = () => Promise.reject(new Error('disk full'))
    const attempt = () =>
      gateway.ask('admin', 'POST', '/workspaces/acme/servers', { name: 'a', url: 'https://a.example/' })
    await attempt()
    const refused = await gateway.ask('admin', 'POST', '/workspaces/acme/servers', {
      name: 'b',
      url: 'https://b.example/',
    })
    expect([refused.status, refused.body.code]).toEqual([503, 'audit_unavailable'])
    expect(await gateway.storage.servers.byName('w-acme', 'b')).toBeUndefined()
  })

  it('[U4] shows developers their own rows and nothing else, whatever they ask for', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['ada', 'dev', 'ada', 'dev'])
    const members = async (caller: Caller, query = '') => {
      const { body } = await gateway.ask(caller, 'GET', `${AUDIT}${query}`)
      return body.items.map((row: { member: string }) => row.member)
    }
    expect(await members('developer')).toEqual(['dev', 'dev'])
    expect(await members('developer', '?member=dev')).toEqual(['dev', 'dev'])
    expect(await members('developer', '?member=ada')).toEqual([])
    expect(await members('developer', '?token=t-ada')).toEqual([])
    expect(await members('admin')).toEqual(['dev', 'ada', 'dev', 'ada'])
    const filters = ['server=notes', 'tool=read', 'outcome=ok', 'kind=call', 'from=1', 'to=9', 'limit=9']
    for (const filter of filters) {
      expect(await members('developer', `?${filter}`)).toEqual(['dev', 'dev'])
      expect(await members('admin', `?${filter}`)).toContain('ada')
    }
    // Not even a page that an admin had begun goes on for a developer with the admin's rows.
    const { nextCursor } = (await gateway.ask('admin', 'GET', `${AUDIT}?limit=1`)).body
    expect(
      (await members('developer', `?cursor=${nextCursor}`)).filter((who: string) => who !== 'dev'),
    ).toEqual([])
    for (const path of ['/export', '/export?format=csv', '/verify'])
      expect((await gateway.ask('developer', 'GET', `${AUDIT}${path}`)).status).toBe(403)
    for (const path of ['', '?member=dev', '/tail', '/export', '/verify'])
      expect((await gateway.ask('developer', 'GET', `/workspaces/other/audit${path}`)).status).toBe(404)
  })

  it('is filtered and paged', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['ada', 'dev', 'ada'])
    const seqs = async (query: string) => {
      const { body } = await gateway.ask('admin', 'GET', `${AUDIT}?${query}`)
      return body.items.map((row: { seq: number }) => row.seq)
    }
    expect(await seqs('member=ada')).toEqual([3, 1])
    expect(await seqs('token=t-dev&outcome=ok&kind=call&server=notes&tool=read')).toEqual([2])
    expect(await seqs('from=1970-01-01T00:00:00.002Z&to=3')).toEqual([2])
    const first = await gateway.ask('admin', 'GET', `${AUDIT}?limit=2`)
    expect(await seqs(`limit=2&cursor=${first.body.nextCursor}`)).toEqual([1])
    expect((await gateway.ask('admin', 'GET', `${AUDIT}?from=yesterday`)).body.detail).toContain(
      '"from" must be a time',
    )
    expect((await gateway.ask('admin', 'GET', `${AUDIT}?outcome=bad`)).status).toBe(400)
  })

  it('is verified, and says where it was touched', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['ada', 'dev'])
    expect((await gateway.ask('admin', 'GET', `${AUDIT}/verify`)).body).toMatchObject({ ok: true, rows: 2 })
    const { audit } = gateway.storage
    const read = audit.read
    audit.read = async (...args) =>
      (await read(...args)).map((row) => (row.seq === 2 ? { ...row, member: 'eve' } : row))
    const damaged = await gateway.ask('admin', 'GET', `${AUDIT}/verify`)
    expect(damaged.body).toEqual({ ok: false, firstBadSeq: 2, reason: 'changed' })
  })

  it('is exported as JSON lines and as CSV', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['ada', 'dev'])
    const lines = await gateway.ask('admin', 'GET', `${AUDIT}/export`)
    expect(lines.headers.get('content-disposition')).toBe('attachment; filename="acme-audit.jsonl"')
    const rows = lines.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows.map((row) => [row.seq, row.member])).toEqual([
      [1, 'ada'],
      [2, 'dev'],
      [3, 'ada'],
    ])
    const csv = await gateway.ask('admin', 'GET', `${AUDIT}/export?format=csv`)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(csv.text).toMatch(/^seq,time,.*\r\n1,/)
  })

  it('is exported as fast as it is taken: no more than a little of it is in memory', async () => {
    await using gateway = await openInstallation()
    const { audit } = gateway.storage
    await audit.append(
      Array.from({ length: 20_000 }, (_, row) => ({ ...sampleEntry('w-acme'), requestId: `r-${row}` })),
      linkRow,
    )
    let rowsRead = 0
    const read = audit.read
    audit.read = async (...args) => {
      const rows = await read(...args)
      rowsRead += rows.length
      return rows
    }
    const response = await gateway.fetchAs('admin', `${AUDIT}/export?format=csv`)
    const reader = response.body?.getReader()
    await reader?.read()
    // Whatever is read ahead is read by now.
    await new Promise((done) => setTimeout(done, 200))
    expect(rowsRead).toBeGreaterThan(0)
    expect(rowsRead).toBeLessThan(8_000)
    let bytes = 0
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
      bytes += piece.value.length
    // With the row of the export itself.
    expect(rowsRead).toBe(20_001)
    expect(bytes).toBeGreaterThan(20_000 * 50)
  })

  it('keeps what belongs to no workspace apart, for owners', async () => {
    await using gateway = await openInstallation()
    const { id } = (await gateway.ask('owner', 'POST', '/tokens', { name: 'ci', member: 'robot' })).body
    const { items } = (await gateway.ask('owner', 'GET', '/audit')).body
    expect(items).toEqual([
      expect.objectContaining({ method: 'owner-token.create', tool: id, workspace: null }),
    ])
    expect((await gateway.ask('owner', 'GET', '/audit/verify')).body.ok).toBe(true)
  })

  it('keeps the end of a workspace', async () => {
    await using gateway = await openInstallation()
    await gateway.ask('owner', 'DELETE', '/workspaces/acme')
    const [row] = (await gateway.storage.audit.search({ workspaceId: 'w-acme' }, { limit: 1 })).items
    expect(row).toMatchObject({ method: 'workspace.remove', tool: 'acme', member: 'olga' })
  })
})

describe('following the log', () => {
  it('[U4] tells of rows as they are written, and developers only of their own', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['ada'])
    await using all = await follow(gateway, 'admin')
    await using own = await follow(gateway, 'developer')
    await addCalls(gateway, ['ada', 'dev'])
    expect(await all.rows(2)).toEqual([
      [2, 'ada'],
      [3, 'dev'],
    ])
    expect(await own.rows(1)).toEqual([[3, 'dev']])
  })

  it('goes on after the last event the client has seen', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['a', 'b', 'c'])
    await using feed = await follow(gateway, 'admin', { 'last-event-id': '1' })
    expect(await feed.rows(2)).toEqual([
      [2, 'b'],
      [3, 'c'],
    ])
  })

  it('gives a number to resume from before the first row', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway, ['a', 'b'])
    await using feed = await follow(gateway, 'admin')
    expect(await feed.firstText()).toBe('id: 2\n\n')
  })

  it('ends when the token is revoked', async () => {
    await using gateway = await openInstallation()
    await using feed = await follow(gateway, 'developer')
    await feed.firstText()
    await gateway.ask('admin', 'DELETE', '/workspaces/acme/tokens/t-dev')
    expect(await feed.end()).toBe(true)
  })

  it('ends with whatever its caller vouched by', async () => {
    await using gateway = await openInstallation()
    const principal = { tokenId: 'session', member: 'olga', role: 'owner' as const, rules: {} }
    const ends = new Set<() => void>()
    const watch = (onEnd: () => void) => {
      ends.add(onEnd)
      return () => ends.delete(onEnd)
    }
    const request = new Request(`http://gateway/api/v1${AUDIT}/tail`)
    const response = await gateway.app.fetch(request, { principal, watch })
    for (const end of ends) end()
    expect(await response.text()).toBe('id: 0\n\n')
    expect(ends.size).toBe(0)
  })

  it('is limited to a few streams a token, and a closed one makes room', async () => {
    await using gateway = await openInstallation()
    const open = await Promise.all(Array.from({ length: 8 }, () => gateway.fetchAs('admin', `${AUDIT}/tail`)))
    expect((await gateway.fetchAs('admin', `${AUDIT}/tail`)).status).toBe(429)
    await open[0]?.body?.cancel()
    const again = await gateway.fetchAs('admin', `${AUDIT}/tail`)
    expect(again.status).toBe(200)
    for (const response of [...open.slice(1), again]) await response.body?.cancel()
  })

  it('opens nothing for HEAD', async () => {
    await using gateway = await openInstallation()
    expect((await gateway.fetchAs('admin', `${AUDIT}/tail`, { method: 'HEAD' })).status).toBe(405)
  })
})

async function follow(gateway: Installation, caller: Caller, headers: Record<string, string> = {}) {
  const response = await gateway.fetchAs(caller, `${AUDIT}/tail`, { headers })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) throw new Error('no body')
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  return {
    async rows(count: number) {
      while (events.length < count) parser.feed((await reader.read()).value ?? '')
      return events.map(({ id, data }) => [Number(id), JSON.parse(data).member])
    },
    firstText: async () => (await reader.read()).value,
    end: async () => (await reader.read()).done,
    [Symbol.asyncDispose]: () => reader.cancel(),
  }
}

/** Calls of agents, one per member, at 1 ms, 2 ms, … of Unix time. */
async function addCalls({ manage }: Installation, members: string[]): Promise<void> {
  for (const [index, member] of members.entries()) {
    const entry: AuditEntry = {
      kind: 'call',
      time: index + 1,
      workspaceId: 'w-acme',
      tokenId: `t-${member}`,
      member,
      role: 'developer',
      method: 'tools/call',
      server: 'notes',
      tool: 'read',
      shownAs: 'notes__read',
      outcome: 'ok',
      latencyMs: 1,
      bytesIn: 1,
      bytesOut: 1,
      requestId: `r-${index}`,
    }
    await manage.recorder.record(entry)
  }
}
