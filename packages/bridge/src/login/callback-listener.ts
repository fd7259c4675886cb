import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BridgeError } from '../bridge-error.ts'

/** Waits on this machine for the browser to come back from the gateway. */
export interface CallbackListener {
  readonly redirectUri: string
  /** What the gateway answered, once. Rejects when nobody came in time. */
  readonly answer: Promise<URLSearchParams>
  close(): void
}

/**
 * Listens on a free port of 127.0.0.1. Only a request with our `state` counts, and only the first: everything else
 * that reaches the port, such as another page in the browser, can neither end the login nor feed it.
 */
export async function openCallbackListener(options: {
  state: string
  limitMs: number
}): Promise<CallbackListener> {
  const { promise, resolve, reject } = promiseWithHandles<URLSearchParams>()
  // Whoever only closes the listener does not want to hear of it.
  promise.catch(() => undefined)
  let host = ''
  const server = createServer((request, response) => {
    const answer = readCallback(request, host, options.state)
    if (answer === 'elsewhere') return reply(response, 404, 'There is nothing here.')
    if (answer === 'not ours') return reply(response, 400, 'This is not the login that was started here.')
    // One answer is enough: from here on the port refuses connections.
    server.close()
    const words = answer.has('error') ? 'The login was not approved.' : 'Go back to the terminal.'
    reply(response, 200, `${words} You can close this window.`, () => resolve(answer))
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(0, '127.0.0.1', listening)
  })
  // A TCP server that listens has an AddressInfo.
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const timer = setTimeout(() => reject(nobodyCame(options.limitMs)), options.limitMs)
  return {
    redirectUri: `http://${host}/callback`,
    answer: promise,
    close() {
      clearTimeout(timer)
      server.close()
      server.closeAllConnections()
    },
  }
}

function readCallback(
  request: IncomingMessage,
  host: string,
  state: string,
): URLSearchParams | 'elsewhere' | 'not ours' {
  const [path, query = ''] = (request.url ?? '').split('?', 2)
  // A page that had its own name point to this machine would come with another host.
  if (request.method !== 'GET' || path !== '/callback' || request.headers.host !== host) return 'elsewhere'
  const parameters = new URLSearchParams(query)
  const names = Array.from(parameters.keys())
  const isAmbiguous = new Set(names).size !== names.length
  return isAmbiguous || parameters.get('state') !== state ? 'not ours' : parameters
}

function reply(response: ServerResponse, status: number, words: string, sent?: () => void): void {
  // The browser may go away early; the answer counts all the same.
  if (sent !== undefined) response.once('close', sent)
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    // The address of the page holds the code.
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  response.end(`<!doctype html><title>mcpgw</title><p>${words}</p>\n`)
}

function nobodyCame(limitMs: number): BridgeError {
  const minutes = Math.round(limitMs / 60_000)
  return new BridgeError('login_needed', `Nobody approved the login within ${minutes} minutes.`, {
    fix: 'Type the command again. Where no browser can reach this machine, add --device.',
  })
}

function promiseWithHandles<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
