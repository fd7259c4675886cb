import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { GatewayError } from '../model/error.ts'
import type { Limits } from '../model/limits.ts'
import { isPackageManager } from './package-manager.ts'

export interface FrontServerOptions {
  limits: Limits
  /** Hears, now and then, that connections are turned away. */
  tooManyConnections(): void
  /** Names beside the loopback ones under which clients may reach us. */
  hostnames: readonly string[]
  /** The MCP door. */
  mcp(slug: string, request: IncomingMessage, response: ServerResponse): void
  /** The door for callers of a model provider's function-calling format. */
  openAi(slug: string, endpoint: 'tools' | 'calls', request: IncomingMessage, response: ServerResponse): void
  /** The bridge for one workspace, for package managers. */
  bridgePackage(slug: string, request: IncomingMessage, response: ServerResponse): void
  /** Everything that is not the hot path. */
  other(request: IncomingMessage, response: ServerResponse): void
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const WORKSPACE_PATH = /^\/ws\/([a-z0-9-]{1,40})(?:\/openai\/(tools|calls))?\/?(?:\?|$)/

/** The one listener: judges Host and Origin, then hands the request to its door. */
export function createFrontServer(options: FrontServerOptions): Server {
  const { hostnames, mcp, openAi, other, limits } = options
  const known = new Set([...LOOPBACK, ...hostnames.map((name) => name.toLowerCase())])
  const server = createServer(receivingLimits(limits), (request, response) => {
    const refusal = judgeOrigin(request, known)
    if (refusal !== undefined) return refuse(response, refusal)
    const [, slug, endpoint] = WORKSPACE_PATH.exec(request.url ?? '') ?? []
    // The hot paths have their headers beside their answers.
    if (slug !== undefined && endpoint !== undefined)
      return openAi(slug, endpoint === 'tools' ? 'tools' : 'calls', request, response)
    if (slug !== undefined && request.method === 'POST') return mcp(slug, request, response)
    protect(response)
    if (slug === undefined) other(request, response)
    else serveReader(options, slug, request, response)
  })
  server.keepAliveTimeout = 65_000
  server.maxConnections = limits.connections
  server.on('drop', tellNowAndThen(options.tooManyConnections))
  return server
}

/**
 * What every answer has unless its door says something else: it is not kept, not shown inside of another page, not
 * taken for anything but what it says, and loads nothing.
 */
const PROTECTION = new Map([
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
])

function protect(response: ServerResponse): void {
  response.setHeaders(PROTECTION)
}

/** Node answers 408 and 431 by itself, and closes the connection. */
function receivingLimits(limits: Limits): ServerOptions {
  return {
    // A header that must come once and comes twice is joined, and then fits nowhere; Node would take the first one.
    joinDuplicateHeaders: true,
    maxHeaderSize: limits['header-bytes'],
    headersTimeout: limits['headers-ms'],
    requestTimeout: limits['headers-ms'] + limits['body-ms'],
    connectionsCheckingInterval: CHECK_MS,
  }
}

/** How late a client that is too slow may be found. */
const CHECK_MS = 500
const TELL_MS = 60_000

/** What happens thousands of times is told once a minute. */
function tellNowAndThen(tell: () => void): () => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - toldAt < TELL_MS) return
    toldAt = performance.now()
    tell()
  }
}

/** A workspace's URL is given to package managers, MCP clients and people alike; their headers tell them apart. */
function serveReader(
  { mcp, bridgePackage, other }: FrontServerOptions,
  slug: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method, headers } = request
  const isReading = method === 'GET' || method === 'HEAD'
  // Package managers first: one of them accepts JSON, and none of them can use a page.
  if (isReading && isPackageManager(headers)) bridgePackage(slug, request, response)
  else if (isReading && wantsPage(headers.accept ?? '')) other(request, response)
  else mcp(slug, request, response)
}

/** An MCP client asks for its stream of events here, whatever else it accepts. */
function wantsPage(accept: string): boolean {
  return accept.includes('text/html') && !accept.includes('text/event-stream')
}

/**
 * A page in somebody's browser may reach us under a name of its own (DNS rebinding) or send requests from its own
 * origin. Neither is a client of ours.
 */
function judgeOrigin({ headers }: IncomingMessage, known: ReadonlySet<string>): string | undefined {
  const host = headers.host
  if (host === undefined || !known.has(hostnameOf(host))) {
    return 'This host name is not known here. Start the control plane with --public-url if clients are to use it.'
  }
  const { origin } = headers
  if (origin === undefined) return undefined
  const name = origin === 'null' ? undefined : URL.parse(origin)?.hostname
  return name !== undefined && known.has(name)
    ? undefined
    : 'Requests from pages of this origin are not accepted.'
}

function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}

function refuse(response: ServerResponse, detail: string): void {
  protect(response)
  const error = { jsonrpc: '2.0', id: null, error: { code: -32600, message: detail } }
  response
    .writeHead(403, { 'content-type': 'application/json', connection: 'close' })
    .end(JSON.stringify(error))
}

/** Listens, or rejects with a `configuration` error that says what is in the way. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, host, port)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): GatewayError {
  if (cause.code === 'EADDRINUSE') {
    return new GatewayError('configuration', `Port ${port} on ${host} is in use by another program.`, {
      cause,
      fix: 'Stop that program, or choose another port with --port.',
    })
  }
  return new GatewayError('configuration', `Cannot listen on ${host}, port ${port}: ${cause.code}.`, {
    cause,
    fix: 'Check --host and --port.',
  })
}
