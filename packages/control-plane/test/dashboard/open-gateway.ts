import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { hashToken, mintToken } from '../../src/access/token-format.ts'
import { openApp } from '../../src/app.ts'
import type { Token } from '../../src/model/token.ts'
import { readSettings } from '../../src/settings.ts'

const random = { bytes: (count: number) => randomBytes(count) }

export interface GatewayOptions {
  /** Flags of the program, by the names of its settings. */
  settings?: Record<string, unknown>
  masterKey?: Uint8Array
  dashboardFolder?: string
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>

/** The whole control plane on a free port, in this process so that its clock can be turned forward. */
export async function openGateway({ settings = {}, masterKey, dashboardFolder }: GatewayOptions = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'mcpgw-dashboard-'))
  const time = { aheadMs: 0 }
  const clock = { now: () => Date.now() + time.aheadMs }
  const read = readSettings(
    { dataDir, port: 0, hosting: 'off', trustedProxies: ['127.0.0.1'], ...settings },
    {},
  )
  const app = await openApp({
    settings: read.settings,
    masterKey: masterKey ?? randomBytes(32),
    olderMasterKeys: [],
    masterKeyFile: undefined,
    searchPath: '',
    clock,
    random,
    log: pino({ level: 'silent' }),
    ...(dashboardFolder !== undefined && { dashboardFolder }),
  })
  const port = await app.listen()
  const url = `http://127.0.0.1:${port}`
  let made = 0

  /** A token as an owner would have issued it. */
  async function issue(change: Partial<Token> = {}): Promise<{ id: string; token: string }> {
    const token = mintToken(random)
    made += 1
    const id = `t-${made}`
    await app.storage.tokens.create({
      id,
      name: `token ${made}`,
      member: 'ada',
      role: change.workspaceId === undefined ? 'owner' : 'developer',
      rules: {},
      hash: hashToken(token),
      createdAt: clock.now(),
      ...change,
    })
    return { id, token }
  }

  return {
    app,
    url,
    port,
    time,
    clock,
    issue,
    /** From an address of its own each time, so that no limit on wrong ones is met. */
    ask: (method: string, path: string, options: AskOptions = {}) =>
      ask(url, method, path, {
        ...options,
        headers: { 'x-forwarded-for': `203.0.${++made >> 8}.${made & 255}`, ...options.headers },
      }),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true })
    },
  }
}

export interface AskOptions {
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: string
}

export interface Asked {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads answers like the scripts outside do.
  body: any
}

/** What a browser's own page would send, unless the headers say otherwise; an event stream is not read. */
export async function ask(url: string, method: string, path: string, options: AskOptions): Promise<Asked> {
  const { headers = {}, json, body = json === undefined ? undefined : JSON.stringify(json) } = options
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body }),
  })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const text = isStream ? '' : await response.text()
  if (isStream) await response.body?.cancel()
  const isJson = text !== '' && /json$/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  }
}

/** What `fetch` in a page of ours adds. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

/** `NAME=VALUE` of the cookie that an answer gives. */
export function cookieOf({ headers }: { headers: Headers }): string {
  return headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

export async function signIn(gateway: Gateway, token: string): Promise<string> {
  const answer = await gateway.ask('POST', '/api/v1/session', { json: { token } })
  if (answer.status !== 200) throw new Error(`Signing in: ${answer.status} ${answer.text}`)
  return cookieOf(answer)
}
