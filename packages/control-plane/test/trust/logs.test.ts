import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { PROGRAM } from '../program.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { HOSTILE_TEXTS } from './hostile-texts.ts'
import { startTiny, type Tiny } from './tiny-upstream.ts'

/** Whatever moves a cursor, colours, reorders or begins a line where none should begin. */
const UNSAFE = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
const MAX_LINE = 10_000

let plane: ControlPlane
let upstream: Tiny
let client: WireClient
let calls = 0

beforeAll(async () => {
  expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(40)
  plane = await ControlPlane.start({ env: { MCPGW_LOG_LEVEL: 'trace' } })
  const { url } = await plane.workspace('team')
  upstream = await startTiny('legacy', {
    tools: ['echo', ...HOSTILE_TEXTS.filter((text) => text.length < 1_000)],
    onCall: ({ args, id, response }) => {
      const error = { code: -32000, message: String(args.text), data: args.text }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, error }))
    },
  })
  await plane.addServer('team', { name: 'tiny', url: upstream.url })
  client = await WireClient.open(url, await plane.token('team'))
})

afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
})

/** Says each text wherever a caller, an admin or a server can say one. */
async function sayEverything(): Promise<void> {
  for (const text of HOSTILE_TEXTS) {
    await client.send('tools/call', { name: text, arguments: {} })
    await client.send('tools/call', { name: 'tiny__echo', arguments: { text }, _meta: { traceparent: text } })
    calls += 2
    await plane.tryApi('POST', '/workspaces/team/tokens', { name: text, member: text, role: 'developer' })
    await plane.tryApi('POST', '/workspaces', { slug: text, name: text })
    await plane.tryApi('POST', '/workspaces/team/servers', {
      name: text,
      url: `http://${text}/`,
      headers: { [text]: text },
    })
    await plane.tryApi('GET', `/workspaces/team/audit?tool=${encodeURIComponent(text.toWellFormed())}`)
    const named = new WireClient(client.url, client.token)
    await named.send('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: text, version: text },
    })
    await named.send('tools/call', { name: 'tiny__echo', arguments: { text } })
    calls++
  }
}

const run = (...args: string[]) =>
  spawnSync(process.execPath, [PROGRAM, '--data-dir', plane.dataDir, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: plane.dataDir },
    maxBuffer: 64 * 1024 * 1024,
  })

describe('[M26] a text that would forge log lines or steer a terminal', () => {
  it('leaves one whole row per call, readable as JSON', async () => {
    await sayEverything()
    const rows: Record<string, unknown>[] = []
    let cursor = ''
    do {
      const page = await plane.api('GET', `/workspaces/team/audit?limit=200&kind=call${cursor}`)
      // A page of rows, as the admin API describes it.
      rows.push(...(page.items as Record<string, unknown>[]))
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`
    } while (cursor !== '')
    expect(rows.filter(({ method }) => method === 'tools/call')).toHaveLength(calls)
    for (const row of rows) {
      for (const value of Object.values(row)) if (typeof value === 'string') expect(value).not.toMatch(UNSAFE)
      expect(JSON.stringify(row).length).toBeLessThan(MAX_LINE)
    }
  }, 60_000)

  it('stands in one line of the exported log', () => {
    const { stdout, status } = run('audit', 'export', 'team')
    expect(status).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(calls)
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
    for (const line of lines) expect(line.length).toBeLessThan(MAX_LINE)
    expect(stdout).not.toMatch(UNSAFE)
  })

  it.each([
    ['audit', 'list', 'team', '--limit', '200'],
    ['audit', 'list', 'team', '--limit', '200', '--json'],
    ['token', 'list', 'team'],
    ['server', 'tools', 'team', '--json'],
    ['workspace', 'list'],
    ['workspace', 'show', '\u001b[31mno such\u202e'],
  ])('does not reach a terminal: %s %s', (...args) => {
    const { stdout, stderr } = run(...args)
    expect(stdout + stderr).not.toBe('')
    expect(stdout).not.toMatch(UNSAFE)
    expect(stderr).not.toMatch(UNSAFE)
  })

  it('leaves the operator’s log one JSON record per line', async () => {
    const lines = plane.stderr.trimEnd().split('\n')
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), time: expect.any(Number) })
      expect(line.length).toBeLessThan(MAX_LINE)
    }
    expect(plane.stderr).not.toMatch(UNSAFE)
  })
})

it('[M26] the operator’s log holds an error with any of them in one short line', () => {
  const url = new URL('../../src/operator-log.ts', import.meta.url).href
  const script = `
    const { createOperatorLog } = await import(${JSON.stringify(url)})
    const { readFileSync } = await import('node:fs')
    const log = createOperatorLog('trace')
    for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
      log.error({ err: Object.assign(new Error(text), { code: text, name: text }) }, text)
      log.warn({ err: text }, text)
    }`
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    input: JSON.stringify(HOSTILE_TEXTS),
  })
  expect(status, stderr).toBe(0)
  const lines = stderr.trimEnd().split('\n')
  expect(lines).toHaveLength(2 * HOSTILE_TEXTS.length)
  for (const line of lines) expect(JSON.parse(line).msg).toBeTypeOf('string')
  for (const line of lines) expect(line.length).toBeLessThan(MAX_LINE)
  expect(stderr).not.toMatch(UNSAFE)
})
