import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'

/** The proof key of one login (RFC 7636). */
export function makePkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type Fields = Record<string, string | undefined>

/** Sends a form as browsers and OAuth clients do; follows no redirect. */
export async function postForm(
  url: string,
  fields: Fields | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof fields === 'string' ? fields : encode(fields),
  })
  const text = await response.text()
  const isJson = /^application\/json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : {},
  }
}

export function encode(fields: Fields): string {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new URLSearchParams(given).toString()
}

/** What a client asks for at the authorization endpoint. */
export function codeRequest(workspaceUrl: string, redirectUri: string, challenge: string): Fields {
  return {
    response_type: 'code',
    client_id: 'mcpgw',
    redirect_uri: redirectUri,
    state: 'some-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    resource: workspaceUrl,
    device_name: "ada's laptop",
  }
}

export interface Callback {
  /** The query it brought. */
  query: URLSearchParams
  method: string
  headers: IncomingHttpHeaders
}

export interface LoopbackListener extends AsyncDisposable {
  redirectUri: string
  /** The first request to the callback. */
  called: Promise<Callback>
}

/** The program that began a login and waits for its code, as the bridge does. */
export async function listenForCode(host = '127.0.0.1', nameInUri = host): Promise<LoopbackListener> {
  const { promise: called, resolve } = Promise.withResolvers<Callback>()
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback')
    // Browsers ask for an icon too.
    if (pathname !== '/callback') return void response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Done</h1>')
    resolve({ query: searchParams, method: request.method ?? '', headers: request.headers })
  })
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, host, done))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    redirectUri: `http://${nameInUri}:${port}/callback`,
    called,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
