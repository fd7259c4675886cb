import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROGRESS } from '../upstreams/script.ts'
import { CLIENTS, connect, type TestClient } from './clients.ts'
import { eraOf, KINDS, openScriptedWorkspace, type ScriptedWorkspace } from './scripted-workspace.ts'

const open = new AsyncDisposableStack()
let workspace: ScriptedWorkspace

beforeAll(async () => {
  workspace = open.use(await openScriptedWorkspace())
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

const LOG_LEVEL = 'io.modelcontextprotocol/logLevel'

describe.each(CLIENTS)('a $era client $way', ({ era, way }) => {
  let client: TestClient

  beforeAll(async () => {
    client = open.use(await connect({ era, way, url: workspace.url, token: workspace.token }))
  }, 15_000)

  it.each(KINDS)('sees the progress of %s in its order and with its values', async (kind) => {
    const seen: unknown[] = []
    const onProgress = (...progress: unknown[]) => void seen.push(progress)
    const call = client.call(`${kind}__progress`, { hold: true }, { onProgress })
    await expect.poll(() => seen).toEqual(PROGRESS.map((value) => [value, `at ${value}`]))
    await client.call(`${kind}__release`)
    expect((await call).text).toBe('done')
    expect(seen).toHaveLength(PROGRESS.length)
  })

  it.each(KINDS)('sees no progress of another call of %s', async (kind) => {
    const seen: Record<string, number[]> = { one: [], other: [] }
    const calls = Object.values(seen).map((values) =>
      client.call(`${kind}__progress`, { hold: true }, { onProgress: (value) => void values.push(value) }),
    )
    await expect.poll(() => seen).toEqual({ one: PROGRESS, other: PROGRESS })
    await client.call(`${kind}__release`)
    await Promise.all(calls)
    expect(seen).toEqual({ one: PROGRESS, other: PROGRESS })
  })

  it.each(KINDS)('has its call of %s really cancelled there', async (kind) => {
    const before = workspace.heard(kind).length
    const since = () => workspace.heard(kind).slice(before)
    const controller = new AbortController()
    const marker = `${era} ${way}`
    const call = client.call(`${kind}__wait`, { marker }, { signal: controller.signal })
    const asked = () => since().find(({ method, raw }) => method === 'tools/call' && raw.includes(marker))
    await expect.poll(asked).toBeDefined()
    controller.abort('no longer needed')
    await expect(call).rejects.toThrow()
    const id = JSON.parse(asked()?.raw ?? '{}').id
    const isTold = () =>
      since().some(({ method, raw }) =>
        kind === 'modern-http'
          ? method === 'closed' && raw.includes(marker)
          : method === 'notifications/cancelled' && JSON.parse(raw).params.requestId === id,
      )
    await expect.poll(isTold).toBe(true)
    expect((await client.call(`${kind}__progress`)).text).toBe('done')
  })

  it.each(KINDS)('hears what %s logs, from the level it asked for', async (kind) => {
    await client.v1?.setLoggingLevel('info')
    const before = client.logs.length
    const meta = era === 'modern' ? { meta: { [LOG_LEVEL]: 'info' } } : {}
    await client.call(`${kind}__log`, {}, meta)
    await expect.poll(() => client.logs.slice(before)).toEqual(['info: info said', 'error: error said'])
  })

  it.runIf(era === 'modern').each(KINDS)('hears nothing that %s logs unless it asked', async (kind) => {
    const before = client.logs.length
    await client.call(`${kind}__log`)
    expect(client.logs.slice(before)).toEqual([])
  })
})

it('asks the same server in its own era', () => {
  for (const kind of KINDS) {
    const isModern = workspace
      .heard(kind)
      .some(({ raw }) => raw.includes('"tools/call"') && raw.includes('2026-07-28'))
    expect(isModern, kind).toBe(eraOf(kind) === 'modern')
  }
})
