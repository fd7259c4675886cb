import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { bridgeEnvironment, bridgeFile, initializeRequest } from './bridge-process.ts'
import { type Listening, listen } from './tls-gateway.ts'

const largeText = 'x'.repeat(1_000_000)

/** Answers `initialize` and calls at once, and a call of `large` with 1 MB: what is measured is the bridge. */
export async function openStandIn(): Promise<Listening & { readonly url: string }> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    // The bridge or the measurement itself sent it.
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as {
      id?: number
      method: string
      params?: { name?: string }
    }
    if (id === undefined) return void response.writeHead(202).end()
    const text = params?.name === 'large' ? largeText : 'ok'
    const greeting = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      serverInfo: { name: 's', version: '1' },
    }
    const result = method === 'initialize' ? greeting : { content: [{ type: 'text', text }] }
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  const listening = await listen(server)
  return Object.assign(listening, { url: `http://127.0.0.1:${listening.port}/ws/demo` })
}

/** A program that answers lines on stdin with lines on stdout, asked one after the other. */
export interface Asked extends AsyncDisposable {
  readonly pid: number
  /** From its start to its first answer. */
  readonly startMs: number
  /** Milliseconds to the answer. */
  ask(message: object): Promise<number>
}

/** The least a program in Node can do on stdio: the floor under a start. */
export const barePipe = ['-e', 'process.stdin.on("data", () => process.stdout.write("{}\\n"))']

export async function startAsked(
  node: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Asked> {
  const startedAt = performance.now()
  const child = spawn(node, args, { env: bridgeEnvironment(env), stdio: ['pipe', 'pipe', 'pipe'] })
  const ask = createAsk(child)
  await ask(initializeRequest())
  const startMs = performance.now() - startedAt
  return {
    pid: child.pid ?? 0,
    startMs,
    ask,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

export function startBridgeAsked(node: string, url: string, token: string): Promise<Asked> {
  return startAsked(node, [bridgeFile, 'stdio', '--workspace', url], { MCPGW_TOKEN: token })
}

function createAsk(child: ChildProcessWithoutNullStreams): (message: object) => Promise<number> {
  const lines = createInterface({ input: child.stdout })
  return async (message) => {
    const sentAt = performance.now()
    const answered = once(lines, 'line')
    child.stdin.write(`${JSON.stringify(message)}\n`)
    await answered
    return performance.now() - sentAt
  }
}

let lastId = 100

export function callOf(name: 'small' | 'large'): object {
  lastId += 1
  return { jsonrpc: '2.0', id: lastId, method: 'tools/call', params: { name, arguments: {} } }
}

/** Resident memory in MB, and the part that is this process's own: the rest is Node's file, shared by all. Linux only. */
export function memoryOf(pid: number): { rssMb: number; ownMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
  return { rssMb: mb('VmRSS'), ownMb: mb('RssAnon') }
}

/** The value below which this part of the values lies: 0.5 is the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
