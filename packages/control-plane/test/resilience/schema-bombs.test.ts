import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect } from '../gateway/clients.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'

const LISTED_WITHIN_MS = 1_000
/** As long as one request of 4 MB may keep everybody waiting (see json-bombs.test.ts). */
const MAX_STALL_MS = 100

type Json = Record<string, unknown>

const open = new AsyncDisposableStack()
let plane: ControlPlane
let steady: ScriptedServer
let sink: { url: string; connections: Socket[] }

/** Listens, and only counts who connects. */
async function startSink(): Promise<typeof sink> {
  const connections: Socket[] = []
  const server = createServer((socket) => void connections.push(socket.destroy())).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  open.defer(() => new Promise((resolve) => server.close(() => resolve())))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, connections }
}

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  sink = await startSink()
  steady = open.use(await startScripted('modern', { onlyMoreTools: true, moreTools: ['steady'] }))
})
afterAll(() => open.disposeAsync())

const references = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`d${at}`, { $ref: `#/$defs/d${(at + 1) % count}` }]),
  )
const nested = (depth: number): string => `${'{"properties":{"a":'.repeat(depth)}{}${'}}'.repeat(depth)}`
const schema = (inputSchema: Json) => JSON.stringify(inputSchema)

/** By what it is; whether the tool is listed in the end. */
const BOMBS: Record<string, { schema: () => string; isListed: boolean }> = {
  'a cycle of 3,000 $ref': {
    schema: () => schema({ type: 'object', $defs: references(3_000) }),
    isListed: true,
  },
  'a cycle of 10,000 $ref': {
    schema: () => schema({ type: 'object', $defs: references(10_000) }),
    isListed: false,
  },
  'a $ref elsewhere': {
    schema: () =>
      schema({
        type: 'object',
        $ref: `${sink.url}/schema.json`,
        $schema: `${sink.url}/meta`,
        $id: `${sink.url}/id`,
      }),
    isListed: true,
  },
  'a pattern that never ends': {
    schema: () => schema({ type: 'object', properties: { text: { type: 'string', pattern: '(a+)+$' } } }),
    isListed: true,
  },
  '70 levels': { schema: () => nested(35), isListed: false },
  '4 MB of text': { schema: () => schema({ description: 'x'.repeat(4_000_000) }), isListed: false },
  '20,000 arguments': {
    schema: () =>
      schema({ properties: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [at, {}])) }),
    isListed: false,
  },
  'a number of 100,000 digits': {
    schema: () => `{"type":"object","maximum":${'9'.repeat(100_000)}e99999}`,
    isListed: true,
  },
}

/**
 * How long the one thread that serves everybody has worked so far. What it worked for one list it was deaf for at most,
 * and unlike the clock this does not count what else runs on the machine.
 */
function workedMs(): number {
  const [workedNs = ''] = readFileSync(`/proc/${plane.pid}/task/${plane.pid}/schedstat`, 'utf8').split(' ')
  return Number(workedNs) / 1e6
}

describe('[M20] a tool whose schema is', () => {
  it.each(Object.entries(BOMBS))(
    '%s costs neither the list nor anybody else anything',
    async (name, bomb) => {
      const definition = `{"name":"bomb","inputSchema":${bomb.schema()}}`
      await using server = await startScripted('modern', {
        definitions: () => [definition, '{"name":"good","inputSchema":{"type":"object"}}'],
      })
      const slug = `b-${Object.keys(BOMBS).indexOf(name)}`
      const { url, token } = await plane.workspace(slug)
      await plane.addServer(slug, { name: 's', url: steady.url })
      await plane.api('POST', `/workspaces/${slug}/servers`, { name: 'b', url: server.url, pin: 'enforce' })
      // Of three the best: code that has just run is faster, and the collector has its own time.
      const runs: { stallMs: number; tookMs: number }[] = []
      for (let times = 0; times < 3; times++) {
        const [startedAt, before] = [performance.now(), workedMs()]
        await plane.api('POST', `/workspaces/${slug}/servers/b/check`)
        runs.push({ stallMs: workedMs() - before, tookMs: performance.now() - startedAt })
      }
      expect(Math.min(...runs.map(({ tookMs }) => tookMs))).toBeLessThan(LISTED_WITHIN_MS)
      expect(Math.min(...runs.map(({ stallMs }) => stallMs))).toBeLessThan(MAX_STALL_MS)

      await using client = await connect({ era: 'modern', way: 'directly', url, token })
      const listed = await client.tools()
      expect(listed).toEqual([...(bomb.isListed ? ['b__bomb'] : []), 'b__good', 's__steady'])
      expect((await client.call('b__good')).text).toBe('good was called')
      expect(sink.connections).toEqual([])
    },
  )

  it('a pattern is never run on an argument', async () => {
    const pattern = '(a+)+$'
    const definition = schema({
      name: 'bomb',
      inputSchema: { type: 'object', properties: { text: { type: 'string', pattern } } },
    })
    await using server = await startScripted('modern', { definitions: () => [definition] })
    const { url, token } = await plane.workspace('pattern')
    await plane.addServer('pattern', { name: 'b', url: server.url })
    await using client = await connect({ era: 'modern', way: 'directly', url, token })
    const startedAt = performance.now()
    expect((await client.call('b__bomb', { text: `${'a'.repeat(50)}!` })).text).toBe('bomb was called')
    expect(performance.now() - startedAt).toBeLessThan(LISTED_WITHIN_MS)
  })
})
