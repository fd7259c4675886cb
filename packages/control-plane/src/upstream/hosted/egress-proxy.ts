import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, pipeline } from 'node:stream'
import { crc32 } from 'node:zlib'
import { GatewayError } from '../../model/error.ts'
import type { AddressGuard } from '../address-guard.ts'

export interface EgressOptions {
  /** Where it listens: a Unix socket that is bound into the sandboxes. */
  socketPath: string
  guard: AddressGuard
  /** How long a connection may take to come about. Default: 10 s. */
  connectTimeoutMs?: number
}

/** Ends connections as well: what is left in a sandbox has no use for them. */
export interface EgressProxy extends AsyncDisposable {
  readonly socketPath: string
}

/** Linux allows 107 bytes, macOS 103. */
const MAX_PATH = 100

/** Where the proxy of a data folder listens: in a folder that only we may enter. */
export function egressSocketPath(dataDir: string): string {
  const path = join(dataDir, 'egress.sock')
  if (path.length <= MAX_PATH) return path
  const folder = join(tmpdir(), `mcpgw-egress-${crc32(dataDir).toString(16)}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return join(folder, 'egress.sock')
}

const CONNECT_TIMEOUT_MS = 10_000
/** Of all servers together: each is a file of the gateway's. */
const MAX_CONNECTIONS = 2_048

/**
 * The only way out of a filtered sandbox: an HTTP proxy that holds every connection against the same guard as remote
 * servers, on the address that the name stands for at that moment.
 */
export async function openEgressProxy(options: EgressOptions): Promise<EgressProxy> {
  const { socketPath } = options
  rmSync(socketPath, { force: true })
  const server = createServer((incoming, response) => forward(options, incoming, response))
  server.maxConnections = MAX_CONNECTIONS
  const tunnels = new Set<Duplex>()
  server.on('connect', (incoming, inner: Duplex, head: Buffer) => {
    tunnels.add(inner)
    inner.once('close', () => tunnels.delete(inner))
    tunnel(options, incoming.url ?? '', inner, head)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  // Servers are other users than we are. Who cannot enter the folder around it cannot reach it.
  chmodSync(socketPath, 0o666)
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      for (const inner of tunnels) inner.destroy()
      await close(server)
    },
  }
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

function tunnel(options: EgressOptions, target: string, inner: Duplex, head: Buffer): void {
  inner.on('error', () => {})
  const { hostname, port } = URL.parse(`tcp://${target}`) ?? {}
  if (hostname === undefined || hostname === '' || port === undefined || port === '')
    return refuse(inner, 400, 'The proxy needs a host and a port.')
  const outer = connectTo(options, hostname, Number(port), (error) =>
    refuse(inner, statusOf(error), error.message),
  )
  outer?.once('connect', () => {
    inner.write('HTTP/1.1 200 Connection established\r\n\r\n')
    outer.write(head)
    pipeline(inner, outer, inner, () => {})
  })
}

/** A connection that the guard agreed to; `fail` hears why there is none. */
function connectTo(
  options: EgressOptions,
  hostname: string,
  port: number,
  fail: (error: Error) => void,
): net.Socket | undefined {
  const host = hostname.replace(/^\[|\]$/g, '')
  try {
    for (const scheme of ['http', 'https'])
      options.guard.checkOrigin(`${scheme}://${net.isIPv6(host) ? `[${host}]` : host}:${port}`)
  } catch (error) {
    fail(error instanceof GatewayError ? error : new Error('The address cannot be read.'))
    return undefined
  }
  const socket = net.connect({ host, port, lookup: options.guard.lookup(port) })
  socket.setTimeout(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, () =>
    socket.destroy(new Error('It did not answer in time.')),
  )
  let connected = false
  socket.once('connect', () => {
    connected = true
    socket.setTimeout(0)
  })
  socket.on('error', (error) => {
    if (!connected)
      fail(error instanceof GatewayError ? error : new Error('The connection could not be made.'))
  })
  return socket
}

const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i

/** Plain HTTP: the request comes with the whole URL. */
function forward(options: EgressOptions, incoming: IncomingMessage, response: ServerResponse): void {
  const url = URL.parse(incoming.url ?? '')
  if (url?.protocol !== 'http:') return answer(response, 400, 'The proxy needs the whole http:// address.')
  const port = Number(url.port || 80)
  const socket = connectTo(options, url.hostname, port, (error) =>
    answer(response, statusOf(error), error.message),
  )
  if (socket === undefined) return
  const outgoing = request({
    createConnection: () => socket,
    method: incoming.method ?? 'GET',
    path: url.pathname + url.search,
    // What the guard judged, not what the program says beside it.
    headers: { ...passedOn(incoming.headers), host: url.host },
  })
  outgoing.once('response', (reply) => {
    if (begin(response, reply)) pipeline(reply, response, () => {})
    else outgoing.destroy()
  })
  outgoing.on('error', () => {})
  // Also where the site wants another protocol, of which nothing else tells.
  outgoing.on('close', () => answer(response, 502, 'The site gave no answer that can be passed on.'))
  response.on('close', () => socket.destroy())
  incoming.pipe(outgoing)
}

/** Node's parser takes a status such as 000, and its writer throws at it: no site may end the gateway with that. */
function begin(response: ServerResponse, { statusCode = 0, headers }: IncomingMessage): boolean {
  try {
    response.writeHead(statusCode, passedOn(headers))
    return true
  } catch {
    return false
  }
}

function passedOn<T extends NodeJS.Dict<string | string[]>>(headers: T): NodeJS.Dict<string | string[]> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.test(name)))
}

function statusOf(error: Error): number {
  return error instanceof GatewayError ? 403 : 502
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`)
}

function refuse(inner: Duplex, status: number, text: string): void {
  const reason = status === 403 ? 'Forbidden' : status === 400 ? 'Bad Request' : 'Bad Gateway'
  const body = `${text}\n`
  inner.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
