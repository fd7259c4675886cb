import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { growthWhile } from './memory.ts'
import { type Call, type SmallUpstream, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const HOSTILE = join(import.meta.dirname, '../servers/hostile-stdio.ts')
const MIB = 1024 * 1024
/** What a body leaves for the text around it. */
const MOST = 4 * MIB - 400
/**
 * What the event loop's thread may work for one request: nobody else is served meanwhile. Counted in its own time, which
 * does not grow with what else the machine does, but for what it shares with it: its core and its cache.
 */
const MOST_WORK_MS = 100
const TRIES = 5
const MOST_GROWTH = 64 * MIB

const filled = (unit: string) => unit.repeat(Math.floor(MOST / unit.length))

/** As many as fit, and at most so many. */
function many(count: number, write: (at: number) => string): string {
  const parts: string[] = []
  let length = 0
  for (let at = 0; at < count && length < MOST - 100; at++) {
    const part = write(at)
    parts.push(part)
    length += part.length + 1
  }
  return parts.join()
}

const random = () => String(Math.random()).slice(2, 17).padEnd(15, '1')
const asCall = (json: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__size","arguments":{"a":${json}}}}`

/** Just under the limits, where everything is read, and far beyond them. */
const BOMBS: [string, string][] = [
  ['arrays in arrays', filled('[')],
  ['objects in objects', filled('{"a":')],
  ['empty objects', `[${filled('{},')}{}]`],
  ['empty arrays in a call', asCall(`[${many(2_000_000, () => '[]')}]`)],
  ['as many objects as are allowed', asCall(`[${many(99_000, () => '{}')}]`)],
  ['one long text', asCall(`"${'a'.repeat(MOST)}"`)],
  ['a long text of digits and letters', asCall(`"${filled('123456789012345a')}"`)],
  ['line ends', asCall(`"${filled('\\n')}"`)],
  ['unicode escapes', asCall(`"${filled('\\u4f60')}"`)],
  ['many keys', asCall(`{${many(49_000, (at) => `"key${at}":${at}`)}}`)],
  [
    'many keys in _meta',
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{${many(49_000, (at) => `"k${at}":1`)}}}}`,
  ],
  ['one key, many times', asCall(`{${many(49_000, (at) => `"key":${at}`)}}`)],
  ['numbers of 20 digits', asCall(`[${many(99_000, (at) => `12345678901234${100_000 + at}`)}]`)],
  ['fractions of 30 digits', asCall(`[${many(99_000, () => `0.${random()}${random()}`)}]`)],
  [
    'as many numbers of 20 digits as are allowed',
    asCall(`[${many(24_900, (at) => `12345678901234${100_000 + at}`)}]`),
  ],
  [
    'as many fractions of 30 digits as are allowed',
    asCall(`[${many(24_900, () => `0.${random()}${random()}`)}]`),
  ],
  [
    'as many fractions of 17 digits as are allowed',
    asCall(`[${many(24_900, () => `0.${random()}${random().slice(0, 2)}`)}]`),
  ],
  ['fractions that JavaScript writes itself', asCall(`[${many(49_900, () => String(Math.random()))}]`)],
  ['huge exponents', asCall(`[${many(99_000, () => '1e400')}]`)],
  ['zeros with a minus', asCall(`[${many(24_900, () => '-0')}]`)],
  ['one number of 4 million digits', asCall('1'.repeat(MOST))],
  ['a text that never ends', `"${'\\"'.repeat(MOST / 2)}`],
]

/** Written where they are sent: what a hosted server sends is made over there, of the source of these functions. */
const REPLIES: [string, () => string][] = [
  ['arrays in arrays', () => '['.repeat(8 * 1024 * 1024)],
  ['more objects than are allowed', () => `[${'{},'.repeat(1_000_000)}{}]`],
  ['as many objects as are allowed', () => `[${'{},'.repeat(59_000)}{}]`],
  ['many keys', () => `{${Array.from({ length: 59_000 }, (_, at) => `"key${at}":${at}`).join()}}`],
  [
    'numbers of 20 digits',
    () => `[${Array.from({ length: 119_000 }, (_, at) => `12345678901234${100_000 + at}`).join()}]`,
  ],
  [
    'as many numbers of 20 digits as are allowed',
    () => `[${Array.from({ length: 29_000 }, (_, at) => `12345678901234${100_000 + at}`).join()}]`,
  ],
  [
    'fractions that JavaScript writes itself',
    () => `[${Array.from({ length: 59_000 }, () => Math.random()).join()}]`,
  ],
]

/** An order of members that has to be parsed. */
const parsed = (id: number, json: string) =>
  `{"id":${id},"jsonrpc":"2.0","result":{"content":[],"structuredContent":${json}}}`
/** One that has to be because the tool says it has failed. */
const failed = (id: number, json: string) =>
  `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"isError":true,"a":${json}}}`

const callOf = (name: string, args: Record<string, unknown>) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } })

let plane: ControlPlane
let upstream: SmallUpstream
let url: string
let client: WireClient
let answer: (call: Call) => string = () => ''

beforeAll(async () => {
  upstream = await startSmall(['size', 'bomb'], (call) => {
    call.response.writeHead(200, { 'content-type': 'application/json' }).end(answer(call))
  })
  plane = await ControlPlane.start()
  const team = await plane.workspace('team')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  await plane.addServer('team', { name: 'child', command: 'node', args: [HOSTILE] })
  url = team.url
  client = await WireClient.open(url, team.token)
  // The first of each kind pays for what later ones find warm.
  answer = ({ id }) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}`
  await measure(asCall('12345678901234567890'))
}, 30_000)

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

interface Measured {
  status: number
  text: string
  workMs: number
}

/** One request, and what the control plane's main thread worked for it. The least of some tries: other work comes and goes. */
async function measure(
  body: string,
  to = url,
  headers: Record<string, string> = client.headers,
): Promise<Measured> {
  const bytes = Buffer.from(body)
  let best = await measureOnce(bytes, to, headers)
  for (let tries = 1; tries < TRIES && best.workMs > MOST_WORK_MS / 2; tries++) {
    const other = await measureOnce(bytes, to, headers)
    if (other.workMs < best.workMs) best = other
  }
  return best
}

async function measureOnce(body: Buffer, to: string, headers: Record<string, string>): Promise<Measured> {
  const before = workedMs(plane.pid)
  const answered = await ask('POST', to, { 'content-type': 'application/json', ...headers }, body)
  return { ...answered, workMs: workedMs(plane.pid) - before }
}

/** CPU time of a process's first thread, which in Node is the one with the event loop. */
function workedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}

function ask(
  method: string,
  to: string,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(to, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const told =
  process.env.MCPGW_TEST_FIGURES === undefined
    ? () => {}
    : (text: string) => process.stdout.write(`${text}\n`)

describe('[M19] JSON that is made to hurt', () => {
  it.each(BOMBS)('is answered soon by the MCP door, and nobody waits for it: %s', async (what, body) => {
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4 * MIB)
    const { status, text, workMs } = await measure(body)
    told(`MCP ${what}: ${status}, ${Math.round(workMs)} ms`)
    expect([200, 400, 413]).toContain(status)
    expect(text.length).toBeLessThan(10_000)
    expect(workMs).toBeLessThan(MOST_WORK_MS)
  })

  it.each(BOMBS)('is answered soon by the admin API, at its own 1 MiB: %s', async (what, body) => {
    const cut = body.slice(0, MIB - 10)
    const headers = { authorization: `Bearer ${plane.ownerToken}` }
    for (const path of ['/workspaces', '/workspaces/team/servers']) {
      const { status, workMs } = await measure(cut, `${plane.url}/api/v1${path}`, headers)
      told(`admin ${what}: ${status}, ${Math.round(workMs)} ms`)
      expect([400, 413]).toContain(status)
      expect(workMs).toBeLessThan(MOST_WORK_MS)
    }
  })

  it.each(['/oauth/token', '/oauth/device_authorization', '/oauth/authorize'])(
    'is not even read by %s',
    async (path) => {
      const refused = { status: 413, text: '', workMs: 0 }
      // It may close the connection before we have sent all of it.
      const { status, workMs } = await measure(filled('['), `${plane.url}${path}`, {}).catch((error) => {
        expect(error.code).toMatch(/EPIPE|ECONNRESET/)
        return refused
      })
      expect(status).toBeGreaterThanOrEqual(400)
      expect(workMs).toBeLessThan(MOST_WORK_MS)
    },
  )

  it('takes no memory, each by itself', async () => {
    for (const [what, body] of BOMBS) {
      const growth = await growthWhile(plane.pid, () => measureOnce(Buffer.from(body), url, client.headers))
      told(`memory ${what}: +${Math.round(growth / MIB)} MiB`)
      expect(growth, what).toBeLessThan(MOST_GROWTH)
    }
  })

  it('takes no memory where it is refused, five at a time', async () => {
    const growth = await growthWhile(plane.pid, async () => {
      for (const [, body] of BOMBS.slice(0, 5))
        await Promise.all(Array.from({ length: 5 }, () => measure(body)))
    })
    told(`memory: +${Math.round(growth / MIB)} MiB`)
    expect(growth).toBeLessThan(MOST_GROWTH)
  })

  it.each(REPLIES)('is no worse from a server: %s', async (what, make) => {
    for (const write of [parsed, failed]) {
      answer = ({ id }) => write(id, make())
      const { status, workMs } = await measure(callOf('up__bomb', {}))
      told(`upstream ${what}: ${status}, ${Math.round(workMs)} ms`)
      expect(status).toBe(200)
      expect(workMs).toBeLessThan(MOST_WORK_MS)
    }
    answer = ({ id }) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"fine"}]}}`
    expect(await client.call('up__bomb')).toBe('fine')
  })

  it.each(REPLIES)('is no worse from a hosted server: %s', async (what, make) => {
    for (const write of [parsed, failed]) {
      const code = `process.stdout.write((${write})(id, (${make})()) + '\\n')`
      const { status, workMs } = await measure(callOf('child__evaluate', { code }))
      told(`hosted ${what}: ${status}, ${Math.round(workMs)} ms`)
      expect(status).toBe(200)
      expect(workMs).toBeLessThan(MOST_WORK_MS)
    }
    expect(await client.call('child__echo', { n: 1 })).toBe('{"n":1}')
  })

  it('fails the call at once whose answer a hosted server wrote so', async () => {
    const [, make] = REPLIES[0] ?? []
    const code = `process.stdout.write((${parsed})(id, (${make})()) + '\\n')`
    const { text } = await measureOnce(Buffer.from(callOf('child__evaluate', { code })), url, client.headers)
    expect(text).toContain("The server's answer is nested more than 200 levels deep.")
  })
})
