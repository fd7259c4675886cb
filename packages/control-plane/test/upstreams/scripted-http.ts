import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Heard, type Reply, type Request, Script, type ScriptOptions, type Wire } from './script.ts'

type Json = Record<string, unknown>

/** A scripted server in this process. */
export interface ScriptedServer extends AsyncDisposable {
  url: string
  heard: Heard[]
  /** Waits until a message of this method came whose text holds `part`. */
  hears(method: string, part?: string): Promise<Heard>
}

type Kind = 'legacy' | 'modern' | 'sse'

export async function startScripted(kind: Kind, options: ScriptOptions = {}): Promise<ScriptedServer> {
  const heard: Heard[] = []
  const waiting = new Set<() => void>()
  const script = new Script((entry) => {
    heard.push(entry)
    for (const look of waiting) look()
  }, options)
  const server = createServer(SERVE[kind](script)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server)}/${kind === 'sse' ? 'sse' : 'mcp'}`,
    heard,
    hears: (method, part = '') =>
      new Promise((resolve) => {
        const look = () => {
          const found = heard.find((entry) => entry.method === method && entry.raw.includes(part))
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const SERVE: Record<Kind, (script: Script) => Handler> = {
  legacy: serveLegacy,
  modern: serveModern,
  sse: serveSse,
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Questions in flight and requests that can be cancelled, of one legacy session. */
export class LegacyConversation {
  readonly #script: Script
  readonly #answers = new Map<string, (answer: Json) => void>()
  readonly #cancels = new Map<string, () => void>()
  announce: (json: string) => void = () => {}

  constructor(script: Script) {
    this.#script = script
  }

  /** Takes one message; what it sends in return goes through `send`. */
  receive(raw: string, send: (json: string) => void, drop: () => void, done: () => void = () => {}): boolean {
    // The gateway under test wrote this.
    const message = JSON.parse(raw) as Request & { result?: Json }
    this.#script.heard(message.method ?? 'answered', raw)
    if (message.method === 'notifications/cancelled') this.#cancels.get(String(message.params.requestId))?.()
    if (message.method === undefined) this.#answers.get(String(message.id))?.(message.result ?? {})
    if (message.method === undefined || message.id === undefined) return false
    const wire = this.#wireFor(message.id, send, drop)
    this.#script.answer({ ...message, raw, params: message.params ?? {} }, wire).then((reply) => {
      this.#cancels.delete(String(message.id))
      send(responseOf(message.id, reply))
      done()
    })
    return true
  }

  #wireFor(id: string | number, send: (json: string) => void, drop: () => void): Wire {
    return {
      era: 'legacy',
      tell: send,
      drop,
      announce: (method) => this.announce(`{"jsonrpc":"2.0","method":"${method}"}`),
      ask: (key, method, params) => {
        send(JSON.stringify({ jsonrpc: '2.0', id: key, method, params }))
        return new Promise((resolve) => this.#answers.set(key, resolve))
      },
      cancelled: new Promise((resolve) => this.#cancels.set(String(id), resolve)),
    }
  }
}

export function responseOf(id: string | number, reply: Reply): string {
  const [kind, json] = 'result' in reply ? ['result', reply.result] : ['error', reply.error]
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"${kind}":${json}}`
}

function openEvents(response: ServerResponse, headers: Record<string, string> = {}): (json: string) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
  response.flushHeaders()
  return (json) => response.write(`event: message\ndata: ${json}\n\n`)
}

function serveLegacy(script: Script): Handler {
  const sessions = new Map<string, LegacyConversation>()

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await bodyOf(request)
    const isFirst = raw.includes('"method":"initialize"')
    const sessionId = isFirst ? `s${sessions.size + 1}` : String(request.headers['mcp-session-id'] ?? '')
    if (isFirst) sessions.set(sessionId, new LegacyConversation(script))
    const session = sessions.get(sessionId)
    if (session === undefined) return void response.writeHead(400).end()
    let send = (json: string) => {
      send = openEvents(response, isFirst ? { 'mcp-session-id': sessionId } : {})
      send(json)
    }
    const isRequest = session.receive(
      raw,
      (json) => send(json),
      () => response.destroy(),
      () => response.end(),
    )
    if (!isRequest) response.writeHead(202).end()
  }

  return (request, response) => {
    if (request.method === 'POST') return void post(request, response)
    const session = sessions.get(String(request.headers['mcp-session-id']))
    if (request.method !== 'GET' || session === undefined) return void response.writeHead(200).end()
    session.announce = openEvents(response)
  }
}

function serveModern(script: Script): Handler {
  const listeners = new Set<(method: string) => void>()

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await bodyOf(request)
    // The gateway under test wrote this.
    const message = JSON.parse(raw) as Request
    script.heard(message.method, raw)
    if (message.method === 'initialize') return void response.writeHead(400).end()
    if (message.method === 'subscriptions/listen') return listen(message, response)
    let send = (json: string) => {
      send = openEvents(response)
      send(json)
    }
    const cancelled = new Promise<void>((resolve) =>
      response.once('close', () => {
        if (!response.writableFinished) script.heard('closed', raw)
        resolve()
      }),
    )
    const wire: Wire = {
      era: 'modern',
      tell: (json) => send(json),
      drop: () => response.destroy(),
      announce: (method) => {
        for (const tell of listeners) tell(method)
      },
      ask: () => Promise.reject(new Error('Modern servers do not ask.')),
      cancelled,
    }
    const reply = await script.answer({ ...message, raw }, wire)
    send(responseOf(message.id, reply))
    response.end()
  }

  function listen({ id }: Request, response: ServerResponse): void {
    const send = openEvents(response)
    const tell = (method: string, params: Json = {}) =>
      send(
        JSON.stringify({
          jsonrpc: '2.0',
          method,
          params: { ...params, _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
        }),
      )
    tell('notifications/subscriptions/acknowledged', { notifications: { toolsListChanged: true } })
    listeners.add(tell)
    response.once('close', () => listeners.delete(tell))
  }

  return (request, response) => {
    if (request.method === 'POST') return void post(request, response)
    response.writeHead(405).end()
  }
}

function serveSse(script: Script): Handler {
  const sessions = new Map<string, { conversation: LegacyConversation; response: ServerResponse }>()
  return (request, response) => {
    if (request.method === 'GET') {
      const id = `s${sessions.size + 1}`
      const conversation = new LegacyConversation(script)
      sessions.set(id, { conversation, response })
      conversation.announce = openEvents(response)
      response.write(`event: endpoint\ndata: /messages?session=${id}\n\n`)
      return
    }
    const id = new URL(request.url ?? '', 'http://localhost').searchParams.get('session') ?? ''
    const session = sessions.get(id)
    if (session === undefined) return void response.writeHead(404).end()
    void bodyOf(request).then((raw) => {
      const { conversation, response: stream } = session
      conversation.receive(raw, conversation.announce, () => stream.destroy())
      response.writeHead(202).end()
    })
  }
}
