import { describe, expect, it } from 'vitest'
import { linkRow } from '../../src/audit/chain.ts'
import { sampleEntry } from '../storage/samples.ts'
import { type Installation, openInstallation } from './installation.ts'

const STATS = '/workspaces/acme/stats'

async function addCalls({ storage, time }: Installation): Promise<void> {
  const call = (member: string, server: string, more = {}) =>
    sampleEntry('w-acme', {
      time: time.now - 60_000,
      member,
      tokenId: `t-${member}`,
      server,
      tool: 'read',
      client: 'Cursor 1',
      latencyMs: 10,
      upstreamMs: 8,
      ...more,
    })
  await storage.audit.append(
    [
      call('ada', 'notes'),
      call('ada', 'notes', { outcome: 'tool_error' }),
      call('dev', 'notes', { outcome: 'denied', reason: 'tool_denied' }),
      call('dev', 'jira', { time: time.now - 5 * 3_600_000 }),
      sampleEntry('w-acme', { time: time.now - 1, member: 'dev', outcome: 'denied', tokenId: 't-dev' }),
      sampleEntry('w-other', { time: time.now - 1 }),
    ],
    linkRow,
  )
}

describe('statistics', () => {
  it('tell of all calls of the workspace up to this moment, with errors, bytes and times', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway)
    const { body } = await gateway.ask('admin', 'GET', STATS)
    expect(body).toMatchObject({
      from: '2026-01-30T12:00:00.000Z',
      to: '2026-01-31T12:00:00.000Z',
      asOf: '2026-01-31T12:00:00.000Z',
      by: [],
      bucket: null,
      total: {
        calls: 5,
        errors: 3,
        errorRate: 0.6,
        outcomes: { ok: 2, tool_error: 1, denied: 2, timeout: 0 },
        bytesIn: 500,
        bytesOut: 10_000,
        latencyMs: { mean: 10 },
        upstreamMs: { mean: 8 },
        gatewayMs: { mean: 2 },
      },
    })
    expect(body.items).toEqual([body.total])
  })

  it('are grouped, with the names of tokens, and null for what a call does not have', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway)
    const items = async (query: string) => (await gateway.ask('admin', 'GET', `${STATS}?${query}`)).body.items
    expect(await items('by=server')).toMatchObject(
      [
        { server: 'notes', calls: 3 },
        { server: null, calls: 1 },
        { server: 'jira', calls: 1 },
      ].toSorted((a, b) => b.calls - a.calls || ((a.server ?? '') < (b.server ?? '') ? -1 : 1)),
    )
    expect(await items('by=token,member&server=notes')).toMatchObject([
      { tokenId: 't-ada', tokenName: "ada's token", member: 'ada', calls: 2 },
      { tokenId: 't-dev', tokenName: "dev's token", member: 'dev', calls: 1, latencyMs: null },
    ])
    expect(await items('by=server&limit=1')).toHaveLength(1)
    // 31 January 2026 is a Saturday; noon less a minute in UTC is one o'clock less a minute an hour further east.
    expect(await items('bucket=weekhour&server=notes&utcOffset=60')).toMatchObject([
      { weekday: 5, hour: 12, calls: 3 },
    ])
    expect(await items('bucket=day&utcOffset=-720&server=notes')).toMatchObject([
      { start: '2026-01-30T12:00:00.000Z', calls: 3 },
    ])
    expect(await items('bucket=minute&server=notes')).toMatchObject([
      { start: '2026-01-31T11:59:00.000Z', calls: 3 },
    ])
    const busiest = await items('bucket=hour&by=server&limit=1')
    expect(busiest).toMatchObject([{ server: 'notes', start: '2026-01-31T11:00:00.000Z' }])
  })

  it('[U4] are of developers’ own calls alone, whatever they ask for', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway)
    const asked = async (query: string) => (await gateway.ask('developer', 'GET', `${STATS}${query}`)).body
    expect((await asked('')).total.calls).toBe(3)
    expect((await asked('?member=dev')).total.calls).toBe(3)
    expect(await asked('?member=ada')).toMatchObject({ total: { calls: 0 }, items: [{ calls: 0 }] })
    expect(await asked('?member=ada&by=server')).toMatchObject({ total: { calls: 0 }, items: [] })
    expect(await asked('?token=t-ada&by=tool')).toMatchObject({ total: { calls: 0 }, items: [] })
    expect((await asked('?by=member')).items).toMatchObject([{ member: 'dev', calls: 3 }])
    expect((await asked('?by=client&server=notes&bucket=hour')).items).toMatchObject([{ calls: 1 }])
    expect((await gateway.ask('readonly', 'GET', STATS)).status).toBe(403)
    expect((await gateway.ask('foreignAdmin', 'GET', STATS)).status).toBe(404)
  })

  it('say in words what is wrong with a question', async () => {
    await using gateway = await openInstallation()
    const refused = async (query: string) => {
      const { status, body } = await gateway.ask('admin', 'GET', `${STATS}?${query}`)
      expect(status).toBe(400)
      return body
    }
    expect((await refused('by=server,colour')).detail).toBe(
      '"by" must be a list of server, tool, member, token, client, each once, with commas.',
    )
    expect((await refused('by=tool,tool')).detail).toContain('each once')
    expect((await refused('bucket=year')).detail).toContain('"minute", "hour", "day", "weekhour"')
    expect((await refused('utcOffset=900')).detail).toContain('minutes east of UTC')
    expect((await refused('limit=0')).detail).toContain('1 to 500')
    expect((await refused('from=2026-01-31&to=2026-01-30')).detail).toBe('"from" must be before "to".')
    const minutes = await refused('bucket=minute&by=tool')
    expect(minutes).toMatchObject({
      detail: expect.stringContaining('last 26 hours'),
      fix: 'Ask with bucket=hour.',
    })
    expect((await refused('bucket=minute&from=2026-01-01')).detail).toContain('last 26 hours')
  })
})

describe('the log', () => {
  it('is searched by client, request and a part of its texts', async () => {
    await using gateway = await openInstallation()
    await addCalls(gateway)
    const seqs = async (query: string) => {
      const { body } = await gateway.ask('admin', 'GET', `/workspaces/acme/audit?kind=call&${query}`)
      return body.items.map((row: { seq: number }) => row.seq)
    }
    expect(await seqs('client=Cursor 1')).toEqual([4, 3, 2, 1])
    expect(await seqs('requestId=request')).toEqual([5, 4, 3, 2, 1])
    expect(await seqs('requestId=other')).toEqual([])
    expect(await seqs('q=JIR')).toEqual([4])
    expect(await seqs('q=_DENIED')).toEqual([3])
    expect((await gateway.ask('admin', 'GET', '/workspaces/acme/audit?q=')).status).toBe(400)
  })
})
