import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Figures, measureCalls } from './measure-calls.ts'
import { type Era, FIRST_ID, GREETING, rpcBody } from './rpc-requests.ts'
import { ASKS } from './scenarios.ts'

export interface BridgeJob {
  kind: 'bridge'
  command: [string, string[]]
  env: Record<string, string>
  era: Era
  seconds: number
}

export interface BridgeFigures extends Figures {
  /** From the start of the program to the answer to its first request; NaN where none is started. */
  initializeMs: number
}

/** Beside the calls: a start, a greeting, and patience. */
const SPARE_MS = 15_000

/** One life of a bridge: started as an AI client starts it, greeted, and given one small call after the other. */
export async function measureBridge({ command, env, era, seconds }: BridgeJob): Promise<BridgeFigures> {
  const startedAt = performance.now()
  const bridge = spawn(...command, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  const ended = once(bridge, 'exit')
  const timer = setTimeout(() => bridge.kill('SIGKILL'), seconds * 1_000 + SPARE_MS)
  let waiting: PromiseWithResolvers<string> | undefined
  createInterface({ input: bridge.stdout }).on('line', (line) => waiting?.resolve(line))
  bridge.once('exit', () => waiting?.reject(new Error(`${command.flat().join(' ')} ended early.`)))

  const ask = async (id: number, body: string, marker: string) => {
    waiting = Promise.withResolvers()
    bridge.stdin.write(`${body}\n`)
    const line = await waiting.promise
    if (!line.includes(`"id":${id}`) || !line.includes(marker)) throw new Error(`A wrong answer: ${line}`)
  }
  const { method, params, marker } = ASKS.small
  const body = rpcBody(era, FIRST_ID, method, params(''))
  let id = FIRST_ID
  const call = () => ask(++id, body.replace(String(FIRST_ID), String(id)), marker)
  try {
    const hello = GREETING[era]
    await ask(FIRST_ID, rpcBody(era, FIRST_ID, hello.method, hello.params), 'result')
    const initializeMs = performance.now() - startedAt
    if (era === 'legacy') bridge.stdin.write(`${rpcBody(era, undefined, 'notifications/initialized', {})}\n`)
    return { initializeMs, ...(await measureCalls([call], seconds, bridge.pid)) }
  } finally {
    clearTimeout(timer)
    bridge.kill('SIGKILL')
    await ended
  }
}
