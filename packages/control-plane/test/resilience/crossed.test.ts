import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isFull } from '../full-counts.ts'
import { connect } from '../gateway/clients.ts'
import { type Era, startTiny, type TinyCall } from '../trust/tiny-upstream.ts'
import { startScripted } from '../upstreams/scripted-http.ts'
import { WireClient } from './wire-client.ts'

const WORKSPACES = 10
const CLIENTS_EACH = 10
/** In full they are 100,000 calls: 42 seconds where nothing else runs. */
const CALLS_EACH = isFull ? 1_000 : 100
/** Calls of one client that run at a time, under ids that all other clients use at the same time. */
const LANES = 4

const ERAS: Era[] = ['legacy', 'modern']
const FLAGS = Array.from({ length: 10 }, (_, at) => `flag-${at}`)

const open = new AsyncDisposableStack()
let plane: ControlPlane
let pool: Pool

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  pool = new Pool(plane.url, { connections: WORKSPACES * CLIENTS_EACH * LANES })
  open.defer(() => pool.destroy())
})

afterAll(() => open.disposeAsync())

/** Answers with what it was called with, after a while; before that it may tell how far it is, or what it thinks. */
function echoLater(call: TinyCall): void {
  const nonce = String(call.args.nonce)
  setTimeout(() => {
    if (call.name === 'echo') return call.replyText(nonce)
    const { response, meta } = call
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const tell = (method: string, params: object) =>
      response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`)
    tell('notifications/progress', { progressToken: meta.progressToken, progress: 1, message: nonce })
    tell('notifications/message', { level: 'error', data: nonce })
    const kind = call.raw.includes('io.modelcontextprotocol/protocolVersion')
      ? '"resultType":"complete",'
      : ''
    const result = `{${kind}"content":[{"type":"text","text":${JSON.stringify(nonce)}}]}`
    response.end(`data: {"jsonrpc":"2.0","id":${call.id},"result":${result}}\n\n`)
  }, Math.random() * 50)
}

interface Tally {
  answered: number
  told: number
  cancelled: number
  listed: number
  crossed: string[]
  failed: string[]
}

/** One AI client, whose every message it can tell from everybody else's. */
class EchoClient {
  readonly #url: URL
  readonly #name: string
  readonly #era: Era
  readonly #headers: Record<string, string>
  readonly #tools: string
  readonly #tally: Tally

  constructor(
    url: string,
    name: string,
    era: Era,
    headers: Record<string, string>,
    tools: string,
    tally: Tally,
  ) {
    this.#url = new URL(url)
    this.#name = name
    this.#era = era
    this.#headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    }
    this.#tools = tools
    this.#tally = tally
  }

  /** A share of the calls, one after another; the ids are those that every other client uses. */
  async runLane(lane: number): Promise<void> {
    for (let id = lane + 1; id <= CALLS_EACH; id += LANES) {
      const server = ERAS[id % 2] ?? 'legacy'
      if (id % 20 === 5) await this.#list(id)
      if (id % 25 === 3) await this.#callAndCancel(id, server)
      else if (id % 10 === 7) await this.#call(id, `${server}__tell`)
      else await this.#call(id, `${server}__echo`)
    }
  }

  async #call(id: number, tool: string): Promise<void> {
    const nonce = `${this.#name}/${id}`
    const messages = await this.#post(id, 'tools/call', tool, { name: tool, arguments: { nonce } })
    const answer = messages.pop()
    const text = (answer?.result as { content?: { text?: string }[] } | undefined)?.content?.[0]?.text
    if (text === nonce && answer?.id === id) this.#tally.answered++
    else if (text === undefined) this.#tally.failed.push(`${nonce}: ${JSON.stringify(answer)}`)
    else this.#tally.crossed.push(`${nonce} got ${answer?.id} ${text}`)
    for (const { params } of messages) {
      this.#tally.told++
      const token = params?.progressToken ?? id
      if ((params?.message ?? params?.data) !== nonce || token !== id)
        this.#tally.crossed.push(`${nonce} was told ${JSON.stringify(params)}`)
    }
  }

  async #callAndCancel(id: number, server: Era): Promise<void> {
    const nonce = `${this.#name}/${id}`
    const params = { name: `${server}__echo`, arguments: { nonce } }
    const given = new AbortController()
    const answer = this.#post(id, 'tools/call', params.name, params, given.signal).then(
      ([message]) => {
        const said = JSON.stringify(message ?? '')
        if (said.includes('"text"') && !said.includes(`"${nonce}"`) && !said.includes('isError'))
          this.#tally.crossed.push(`${nonce}, cancelled, got ${said}`)
      },
      () => {},
    )
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    if (this.#era === 'legacy')
      await this.#send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }, {})
    given.abort()
    await answer
    this.#tally.cancelled++
  }

  /** What another workspace, or another token's rules, may see is not in it. */
  async #list(id: number): Promise<void> {
    const [message] = await this.#post(id, 'tools/list', undefined, {})
    const { tools = [] } = (message?.result ?? {}) as { tools?: { name: string }[] }
    const names = tools
      .map(({ name }) => name)
      .toSorted()
      .join()
    if (names === this.#tools) this.#tally.listed++
    else this.#tally.crossed.push(`${this.#name} listed ${names}`)
  }

  async #post(
    id: number,
    method: string,
    name: string | undefined,
    params: object,
    signal?: AbortSignal,
  ): Promise<{ id?: unknown; params?: Record<string, unknown>; result?: unknown }[]> {
    const isModern = this.#era === 'modern'
    const _meta = { progressToken: id, ...(isModern && MODERN_META) }
    const headers = isModern ? { 'mcp-method': method, ...(name !== undefined && { 'mcp-name': name }) } : {}
    const text = await this.#send(
      { jsonrpc: '2.0', id, method, params: { ...params, _meta } },
      headers,
      signal,
    )
    if (!text.startsWith('event:')) return [JSON.parse(text)]
    return text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []))
  }

  async #send(message: object, headers: Record<string, string>, signal?: AbortSignal): Promise<string> {
    const { body } = await pool.request({
      path: this.#url.pathname,
      method: 'POST',
      headers: { ...this.#headers, ...headers },
      body: JSON.stringify(message),
      ...(signal !== undefined && { signal }),
    })
    return body.text()
  }
}

const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'echo', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/logLevel': 'debug',
}

async function openClients(tally: Tally): Promise<EchoClient[]> {
  const [legacy, modern] = await Promise.all(
    ERAS.map(async (era) =>
      open.use(await startTiny(era, { tools: ['echo', 'tell', ...FLAGS], onCall: echoLater })),
    ),
  )
  const clients: EchoClient[] = []
  for (let at = 0; at < WORKSPACES; at++) {
    const slug = `team-${at}`
    const { url } = await plane.workspace(slug)
    // The same servers in every workspace, each time with another tool left out.
    const tools = { deny: [`flag-${at}`] }
    await plane.addServer(slug, { name: 'legacy', url: legacy?.url, tools })
    await plane.addServer(slug, { name: 'modern', url: modern?.url, tools })
    for (let number = 0; number < CLIENTS_EACH; number++) {
      const hidden = `flag-${(at + number) % 10}`
      const token = await plane.token(slug, { rules: { tools: { deny: [`*/${hidden}`] } } })
      const era = ERAS[number % 2] ?? 'legacy'
      const visible = ERAS.flatMap((server) =>
        ['echo', 'tell', ...FLAGS]
          .filter((tool) => tool !== `flag-${at}` && tool !== hidden)
          .map((tool) => `${server}__${tool}`),
      )
      const headers: Record<string, string> =
        era === 'modern'
          ? { authorization: `Bearer ${token}`, 'mcp-protocol-version': '2026-07-28' }
          : (await WireClient.open(url, token)).headers
      clients.push(new EchoClient(url, `${slug}/${number}`, era, headers, visible.toSorted().join(), tally))
    }
  }
  return clients
}

describe('a hundred clients of ten workspaces that use the same ids at the same time', () => {
  it('[M1] [M2] each receive their own answers, progress, messages and lists, and nobody else’s', async () => {
    const tally: Tally = { answered: 0, told: 0, cancelled: 0, listed: 0, crossed: [], failed: [] }
    const clients = await openClients(tally)
    const lanes = Array.from({ length: LANES }, (_, lane) => lane)
    await Promise.all(clients.flatMap((client) => lanes.map((lane) => client.runLane(lane))))
    const calls = WORKSPACES * CLIENTS_EACH * CALLS_EACH
    expect(tally.crossed.slice(0, 5)).toEqual([])
    expect(tally.failed.slice(0, 5)).toEqual([])
    expect(tally.answered + tally.cancelled).toBe(calls)
    expect(tally.cancelled).toBe(calls / 25)
    expect(tally.listed).toBe(calls / 20)
    // Progress and a message for every call that tells, but those among them that are cancelled.
    expect(tally.told).toBeGreaterThan(calls / 10)
  }, 240_000)

  it('[M1] are each asked their own questions: an answer reaches the call that it was given for', async () => {
    const servers = await Promise.all(ERAS.map(async (era) => open.use(await startScripted(era))))
    const crossed: string[] = []
    let answered = 0
    const work: Promise<void>[] = []
    for (const slug of ['asked-0', 'asked-1', 'asked-2']) {
      const { url } = await plane.workspace(slug)
      for (const [at, era] of ERAS.entries())
        await plane.addServer(slug, { name: era, url: servers[at]?.url })
      for (const era of [...ERAS, ...ERAS]) {
        const token = await plane.token(slug)
        const nonce = `${slug}-${era}-${work.length}`
        const answer = () => ({ action: 'accept', content: { name: nonce, colour: nonce } })
        const client = open.use(await connect({ era, way: 'directly', url, token, answer }))
        const once = async (server: Era) => {
          const { text } = await client.call(`${server}__ask-twice`)
          const given = text.match(/asked-\d-\w+-\d+/g) ?? []
          if (given.length >= 2 && given.every((one) => one === nonce)) answered++
          else crossed.push(`${nonce} got ${text}`)
        }
        work.push(
          (async () => {
            for (let round = 0; round < 8; round++) await Promise.all(ERAS.map(once))
          })(),
        )
      }
    }
    await Promise.all(work)
    expect(crossed).toEqual([])
    expect(answered).toBe(3 * 4 * 8 * 2)
  }, 120_000)
})
