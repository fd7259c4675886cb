/** Clients that write and read the very text on the wire: what an SDK would round, drop or refuse shows here. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { bridgeFor } from './clients.ts'

export interface RawReply {
  status: number
  /** Each JSON-RPC message of the answer, as text. */
  messages: string[]
  /** The last of them, parsed: numbers may have lost digits here. */
  last: RawMessage
}

export interface RawMessage {
  id?: unknown
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: unknown }
}

export async function post(url: string, headers: Record<string, string>, body: string): Promise<RawReply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body,
  })
  const text = await response.text()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
  const messages = isStream
    ? text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
    : text === ''
      ? []
      : [text]
  return { status: response.status, messages, last: JSON.parse(messages.at(-1) ?? '{}') }
}

const ENVELOPE =
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"}'

/** The text of a modern request. `params` and `meta` are the members' JSON, without braces. */
export function modernText(
  id: number,
  method: string,
  params: string,
  meta = '',
  capabilities = '{}',
): string {
  const members = [
    ...(params === '' ? [] : [params]),
    `"_meta":{${ENVELOPE},"io.modelcontextprotocol/clientCapabilities":${capabilities}${meta === '' ? '' : `,${meta}`}}`,
  ]
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${members.join()}}}`
}

export function legacyText(id: number, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${params}}}`
}

/** Posts one modern request over HTTP, with the headers that mirror its body. */
export function postModern(url: string, token: string, body: string): Promise<RawReply> {
  const { method, params } = JSON.parse(body)
  const name = params.name ?? params.uri
  return post(
    url,
    {
      authorization: `Bearer ${token}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name !== undefined && { 'mcp-name': name }),
    },
    body,
  )
}

/** Opens a legacy session over HTTP; the function it answers posts one message. */
export async function openLegacy(
  url: string,
  token: string,
  capabilities = '{}',
): Promise<(body: string) => Promise<RawReply>> {
  const authorization = `Bearer ${token}`
  const first = legacyText(
    1,
    'initialize',
    `"protocolVersion":"2025-11-25","capabilities":${capabilities},"clientInfo":{"name":"raw","version":"1"}`,
  )
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: first,
  })
  await response.text()
  const sessionId = response.headers.get('mcp-session-id') ?? ''
  return (body) => post(url, { authorization, 'mcp-session-id': sessionId }, body)
}

/** The built bridge, line by line. */
export interface RawBridge extends AsyncDisposable {
  lines: string[]
  send(line: string): void
  /** The line that answers the request of this id. */
  answerTo(id: number): Promise<string>
}

export function startRawBridge(url: string, token: string): RawBridge {
  const bridge = bridgeFor(url, token)
  const { command, args, env } = bridge.command
  const child: ChildProcessWithoutNullStreams = spawn(command, args, { env })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  return {
    lines,
    send: (line) => void child.stdin.write(`${line}\n`),
    answerTo: (id) =>
      new Promise((resolve) => {
        const look = () => {
          const found = lines.find((line) => {
            const message = JSON.parse(line) as RawMessage
            return message.id === id && message.method === undefined
          })
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit')
      child.stdin.end()
      await gone
      bridge[Symbol.dispose]()
    },
  }
}

/** Has the bridge do the legacy handshake. */
export async function initialize(bridge: RawBridge): Promise<void> {
  const params = '"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}'
  bridge.send(legacyText(1, 'initialize', params))
  await bridge.answerTo(1)
  bridge.send('{"jsonrpc":"2.0","method":"notifications/initialized"}')
}
