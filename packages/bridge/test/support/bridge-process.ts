import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { goodToken } from './test-gateway.ts'

export const bridgeFile = fileURLToPath(new URL('../../dist/mcpgw.js', import.meta.url))

/** An environment in which the bridge finds nothing of the person running the tests. */
export function bridgeEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    MCPGW_CONFIG_DIR: mkdtempSync(join(tmpdir(), 'mcpgw-bridge-')),
    MCPGW_STORAGE: 'file',
    ...extra,
  }
}

/** What a client configured with one workspace and its token starts. */
export function bridgeCommand(url: string, token = goodToken) {
  const { args, env } = bridgeOptions(url, token)
  return { command: process.execPath, args: [bridgeFile, ...args], env }
}

export function bridgeOptions(url: string, token = goodToken) {
  return { args: ['stdio', '--workspace', url], env: bridgeEnvironment({ MCPGW_TOKEN: token }) }
}

export interface JsonRpc {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { code: number; message: string; data?: Record<string, unknown> }
}

/** A bridge driven line by line, with everything it ever wrote. */
export interface BridgeProcess extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: string[]
  readonly stderr: () => string
  send(message: unknown): void
  /** The first message that satisfies the wish, come or coming. */
  next(wish: (message: JsonRpc) => boolean): Promise<JsonRpc>
  answerTo(id: unknown): Promise<JsonRpc>
  readonly exited: Promise<number | null>
}

export function startBridge(options: {
  args?: readonly string[]
  env: Record<string, string>
  node?: string
}): BridgeProcess {
  const child = spawn(options.node ?? process.execPath, [bridgeFile, ...(options.args ?? [])], {
    env: options.env,
  })
  return watchBridge(child)
}

export function watchBridge(child: ChildProcessWithoutNullStreams): BridgeProcess {
  const lines: string[] = []
  const messages: JsonRpc[] = []
  const waiting = new Set<() => void>()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    messages.push(JSON.parse(line))
    for (const wake of waiting) wake()
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)

  function next(wish: (message: JsonRpc) => boolean): Promise<JsonRpc> {
    return new Promise((resolve) => {
      const look = () => {
        const found = messages.find(wish)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  }

  return {
    child,
    lines,
    stderr: () => stderr,
    send: (message) =>
      child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`),
    next,
    answerTo: (id) => next((message) => message.id === id && message.method === undefined),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
    },
  }
}

export function initializeRequest(id: number | string = 1, protocolVersion = '2025-11-25') {
  const clientInfo = { name: 'test', version: '1.0.0' }
  return {
    jsonrpc: '2.0',
    id,
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo },
  }
}

/** A request with the envelope of revision 2026-07-28. */
export function modernRequest(id: number | string, method: string, params: Record<string, unknown> = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
  }
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta } }
}
