import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inEveryWay } from './canaries.ts'
import { hostileAnswer, type Message, splitAnswer } from './hostile-script.ts'

/** Places that only HTTP has. */
export const HTTP_PLACES = [
  'error body',
  'status text',
  'refusal',
  'redirect',
  'header',
  'web page',
  'no message',
  'broken JSON',
  'broken off',
  'event comment',
  'event id',
  'event name',
  'event data of another event',
] as const

export interface HostileServer extends AsyncDisposable {
  url: string
  /** Each request's secrets as they came, newest last. */
  seen: string[][]
  /** The JSON-RPC methods that came. */
  methods: string[]
}

type Kind = 'legacy' | 'modern' | 'sse'

/** The hostile server over HTTP. Its secrets are what came in `authorization` and in the headers `x-secret-…`. */
export async function startHostile(kind: Kind): Promise<HostileServer> {
  const seen: string[][] = []
  const methods: string[] = []
  const handle = kind === 'sse' ? serveSse : serveStreamable(kind)
  const server = createServer((request, response) => {
    const secrets = secretsOf(request)
    seen.push(secrets)
    void handle(request, response, secrets, (message) => methods.push(message.method ?? 'answered'))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/${kind}`,
    seen,
    methods,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function secretsOf({ headers }: IncomingMessage): string[] {
  const more = Object.keys(headers)
    .filter((name) => name.startsWith('x-secret-'))
    .sort()
  return [
    String(headers.authorization ?? '').replace('Bearer ', ''),
    ...more.map((name) => String(headers[name])),
  ].map(leafOf)
}

/** Of a JSON document the one text in it that is deepest: what a server would use of it. */
function leafOf(secret: string): string {
  return /"private":"([^"]+)"/.exec(secret)?.[1] ?? secret
}

async function bodyOf(request: IncomingMessage): Promise<Message> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  // The gateway under test wrote this.
  return text === '' ? {} : (JSON.parse(text) as Message)
}

/** Text that a header line can carry: everything but the escapes survives. */
const inHeader = (secret: string) => inEveryWay(secret).replace(/[^\x20-\x7e]/g, '')

function serveStreamable(era: 'legacy' | 'modern') {
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    secrets: string[],
    record: (message: Message) => void,
  ) => {
    if (request.method === 'GET') return void response.writeHead(405).end(inEveryWay(secrets[0] ?? ''))
    const message = await bodyOf(request)
    record(message)
    const { place = '', secret = 0 } = message.params?.arguments ?? {}
    const value = secrets[secret] ?? ''
    if (place === 'after an answer') return asks(secrets, message, openEvents(response))
    if (answered(message, secrets)) return void response.writeHead(202).end()
    if (place.startsWith('split')) return writeInTwo(place, splitAnswer(message, value), response)
    if (httpPlace(place, value, message, response)) return
    if (era === 'legacy' && message.method === 'server/discover')
      return void response.writeHead(400).end(inEveryWay(value))
    if (era === 'modern' && message.method === 'initialize')
      return void response.writeHead(400).end(inEveryWay(value))
    if (era === 'modern' && message.method === 'subscriptions/listen')
      return void response.writeHead(405).end()
    const texts = hostileAnswer(message, secrets, era)
    const session = message.method === 'initialize' ? { 'mcp-session-id': encodeURIComponent(value) } : {}
    if (texts.length === 0) return void response.writeHead(202).end()
    if (texts.length === 1)
      return void response.writeHead(200, { 'content-type': 'application/json', ...session }).end(texts[0])
    response.writeHead(200, { 'content-type': 'text/event-stream', ...session })
    for (const text of texts) response.write(`data: ${text}\n\n`)
    response.end()
  }
}

function openEvents(response: ServerResponse): (json: object) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  return (json) => response.write(`data: ${JSON.stringify(json)}\n\n`)
}

/** Calls that wait for the client, by the id of the question: what they then say holds all secrets heard till then. */
const waiting = new Map<string, (secrets: string[]) => void>()
let questions = 0

function asks(before: string[], { id }: Message, send: (json: object) => void): void {
  const question = `after-${++questions}`
  waiting.set(question, (after) => {
    const text = [...before, ...after].map(inEveryWay).join(' ')
    send({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })
  })
  const params = { message: 'Go on?', requestedSchema: { type: 'object', properties: {} } }
  send({ jsonrpc: '2.0', id: question, method: 'elicitation/create', params })
}

function answered({ id, method }: Message, secrets: string[]): boolean {
  if (method !== undefined) return false
  waiting.get(String(id))?.(secrets)
  return waiting.delete(String(id))
}

/** Two chunks, the second when the first is on its way. */
function writeInTwo(place: string, [first, second]: [Buffer, Buffer], response: ServerResponse): void {
  const isEvent = place === 'split event'
  response.writeHead(200, { 'content-type': isEvent ? 'text/event-stream' : 'application/json' })
  if (isEvent) response.write('data: ')
  response.write(first, () => setTimeout(() => response.end(isEvent ? `${second}\n\n` : second), 1))
}

/** Answers in one of the ways of HTTP; false for a place that is not of HTTP. */
function httpPlace(place: string, secret: string, { id }: Message, response: ServerResponse): boolean {
  const text = inEveryWay(secret)
  const ok = JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', content: [] } })
  const events = (text: string) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text)
  const ways: Record<(typeof HTTP_PLACES)[number], () => unknown> = {
    'error body': () =>
      response.writeHead(500, { 'content-type': 'application/json' }).end(`{"error":"${text}"}`),
    'status text': () => response.writeHead(502, inHeader(secret)).end(text),
    refusal: () =>
      response.writeHead(403, { 'www-authenticate': `Bearer error="${inHeader(secret)}"` }).end(text),
    redirect: () =>
      response.writeHead(302, { location: `https://example.com/${encodeURIComponent(secret)}` }).end(),
    header: () =>
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'x-echo': inHeader(secret),
          'set-cookie': `a=${inHeader(secret)}`,
        })
        .end(ok),
    'web page': () => response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${text}`),
    'no message': () =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"text":"${text}"}`),
    'broken JSON': () =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":${id},"result":{"content":"${text}`),
    'broken off': () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000000' })
      response.write(`{"text":"${text}`, () => response.destroy())
    },
    'event comment': () => events(`: ${text}\n\ndata: ${ok}\n\n`),
    'event id': () => events(`id: ${text}\ndata: ${ok}\n\n`),
    'event name': () => events(`event: ${text}\ndata: ${ok}\n\ndata: ${ok}\n\n`),
    'event data of another event': () =>
      events(`event: other\ndata: ${text}\n\ndata: ${text}\n\ndata: ${ok}\n\n`),
  }
  const way = Object.entries(ways).find(([name]) => name === place)?.[1]
  way?.()
  return way !== undefined
}

/** HTTP+SSE of revision 2024-11-05, with one stream for all who come. */
const streams = new Map<string, ServerResponse>()
let opened = 0

async function serveSse(
  request: IncomingMessage,
  response: ServerResponse,
  secrets: string[],
  record: (message: Message) => void,
) {
  if (request.method === 'GET') {
    const id = String(++opened)
    streams.set(id, response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return void response.write(
      `: ${inEveryWay(secrets[0] ?? '')}\nevent: endpoint\ndata: /messages?id=${id}&echo=${encodeURIComponent(secrets[0] ?? '')}\n\n`,
    )
  }
  const stream = streams.get(new URL(request.url ?? '', 'http://localhost').searchParams.get('id') ?? '')
  const message = await bodyOf(request)
  record(message)
  response.writeHead(stream === undefined ? 404 : 202).end(inEveryWay(secrets[0] ?? ''))
  const tell = (json: object) => stream?.write(`event: message\ndata: ${JSON.stringify(json)}\n\n`)
  if (message.params?.arguments?.place === 'after an answer') return asks(secrets, message, tell)
  if (answered(message, secrets)) return
  for (const text of hostileAnswer(message, secrets, 'legacy'))
    stream?.write(`event: message\ndata: ${text}\n\n`)
}
