import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { goodToken } from './test-gateway.ts'

export interface SeenForm {
  readonly path: string
  readonly form: Record<string, string>
  readonly authorization: string | undefined
}

export interface ScriptedReply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** A gateway that says at its login doors what the test wants it to say. */
export interface LoginGateway extends AsyncDisposable {
  readonly origin: string
  readonly url: string
  readonly seen: SeenForm[]
  /** What /oauth/token, /oauth/device and whoami answer; each may be replaced. */
  readonly script: Record<'token' | 'device' | 'whoami', (form: Record<string, string>) => ScriptedReply>
}

const doors = { '/oauth/token': 'token', '/oauth/device': 'device', '/api/v1/whoami': 'whoami' } as const

export async function openLoginGateway(): Promise<LoginGateway> {
  const seen: SeenForm[] = []
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    const path = request.url ?? ''
    seen.push({ path, form, authorization: request.headers.authorization })
    const door = Object.entries(doors).find(([known]) => known === path)?.[1]
    const { status = 200, headers = {}, body } = door === undefined ? { status: 404 } : script[door](form)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an AddressInfo.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}/ws/demo`
  const script: LoginGateway['script'] = {
    token: () => ({ body: tokenAnswer(url) }),
    device: () => ({ body: deviceAnswer(origin) }),
    whoami: () => ({ body: { role: 'developer', member: 'ada', workspace: 'demo' } }),
  }
  return {
    origin,
    url,
    seen,
    script,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function tokenAnswer(workspace: string) {
  return { access_token: goodToken, token_type: 'Bearer', scope: 'developer', workspace }
}

export function deviceAnswer(origin: string) {
  return {
    device_code: 'd'.repeat(43),
    user_code: 'BCDF-GHJK',
    verification_uri: `${origin}/oauth/device`,
    verification_uri_complete: `${origin}/oauth/device?user_code=BCDF-GHJK`,
    expires_in: 600,
    interval: 1,
  }
}
