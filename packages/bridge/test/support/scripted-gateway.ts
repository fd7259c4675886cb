import { createServer as createHttp, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { goodToken } from './test-gateway.ts'

/** What is answered at a path: a body to send as JSON, or an answer in full. */
export type Scripted = { status?: number; headers?: Record<string, string>; body?: unknown }

/** A gateway that answers each path as told, to those with a good token where one is needed. */
export interface ScriptedGateway extends AsyncDisposable {
  readonly origin: string
  readonly url: string
  readonly port: number
  /** By path, without the query. Everything is well at first. */
  readonly answers: Map<string, Scripted>
  readonly accept: Set<string>
  /** Every path asked for, with its query, and whether a token came along. */
  readonly seen: { path: string; hadToken: boolean }[]
}

export const workspacePath = '/api/v1/workspaces/demo'

const openPaths = new Set(['/healthz', '/api/v1/openapi.json'])

export async function openScriptedGateway(
  options: { tls?: { key: string; cert: string }; host?: string; version?: string } = {},
): Promise<ScriptedGateway> {
  const { tls, host = '127.0.0.1', version = '0.1.0' } = options
  const answers = new Map<string, Scripted>(healthyAnswers(version))
  const accept = new Set([goodToken])
  const seen: ScriptedGateway['seen'] = []

  const listener: RequestListener = (request, response) => {
    request.resume()
    const path = (request.url ?? '').replace(/\?.*$/, '')
    const token = tokenOf(request)
    seen.push({ path: request.url ?? '', hadToken: token !== undefined })
    const isAllowed = openPaths.has(path) || (token !== undefined && accept.has(token))
    const problem = { detail: 'The token is not known.' }
    const answer = isAllowed ? (answers.get(path) ?? { status: 404 }) : { status: 401, body: problem }
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.body ?? {}))
  }

  const server = tls === undefined ? createHttp(listener) : createHttps(tls, listener)
  const port = await listenOn(server)
  const origin = `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
  return {
    origin,
    url: `${origin}/ws/demo`,
    port,
    answers,
    accept,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function healthyAnswers(version: string): [string, Scripted][] {
  return [
    ['/healthz', { body: { status: 'ok' } }],
    ['/api/v1/openapi.json', { body: { openapi: '3.1.0', info: { title: 'mcpgw admin API', version } } }],
    ['/api/v1/whoami', { body: { role: 'developer', member: 'ada', workspace: 'demo' } }],
    ['/ws/demo', { body: { jsonrpc: '2.0', id: 1, result: { supportedVersions: ['2026-07-28'] } } }],
    [`${workspacePath}/servers`, { body: { items: [serverState({ name: 'github', tools: 2 })] } }],
    [
      `${workspacePath}/tools`,
      { body: { items: [listedTool('github__issues'), listedTool('github__pulls')] } },
    ],
    [`${workspacePath}/audit`, { body: { items: [] } }],
  ]
}

export function serverState(given: Record<string, unknown>) {
  return { name: 'github', kind: 'remote', enabled: true, status: 'ready', tools: 0, era: 'modern', ...given }
}

export function listedTool(name: string) {
  return { name, server: 'github', tool: name.replace('github__', ''), definition: { inputSchema: {} } }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
}

/** Listens on a free port of 127.0.0.1. */
export async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an AddressInfo.
  return (server.address() as AddressInfo).port
}
