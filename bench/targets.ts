import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { start } from './processes.ts'
import type { Era } from './rpc-requests.ts'
import { TOOL_COUNT } from './scenarios.ts'

export interface Target {
  name: string
  url: string
  /** What the target puts before the name of a tool. */
  prefix: string
  /** The process whose CPU and memory count. */
  pid: number | undefined
}

const READY_WITHIN_MS = 20_000

export async function startUpstream(era: Era): Promise<Target> {
  const [port] = await once(start('others', 'mock-upstream.ts', [era]), 'message')
  return { name: 'direct', url: urlAt(port), prefix: '', pid: undefined }
}

export async function startProxy(name: 'bare-pipe' | 'bare-parse', upstream: Target): Promise<Target> {
  const child = start('target', 'proxies.mjs', [name, upstream.url])
  const [port] = await once(child, 'message')
  return { name, url: urlAt(port), prefix: '', pid: child.pid }
}

export async function startGateway(upstream: Target, token: string, folder: string): Promise<Target> {
  const port = await freePort()
  const child = start('target', 'start-gateway.ts', [], {
    BENCH_PORT: String(port),
    BENCH_UPSTREAMS: JSON.stringify([{ name: 'mock', url: upstream.url }]),
    BENCH_DIR: folder,
    BENCH_TOKEN: token,
    MCPGW_LOG_LEVEL: 'error',
  })
  await toolsShown(new URL('/api/v1/workspaces/bench/servers', urlAt(port)), token)
  return { name: 'mcpgw', url: urlAt(port), prefix: 'mock__', pid: child.pid }
}

async function toolsShown(servers: URL, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  for (const deadline = performance.now() + READY_WITHIN_MS; performance.now() < deadline; await delay(50)) {
    const response = await fetch(servers, { headers }).catch(() => undefined)
    const text = await response?.text()
    if (text?.includes('"status":"ready"') && text.includes(`"tools":${TOOL_COUNT}`)) return
  }
  throw new Error('The gateway did not become ready.')
}

function urlAt(port: number): string {
  return `http://127.0.0.1:${port}/ws/bench`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // It listens on TCP, so this is an object.
  server.close()
  await once(server, 'close')
  return port
}
