import { type ClientRequest, request } from 'node:http'
import type { Socket } from 'node:net'
import { proxyRefusal } from './proxy-error.ts'

/**
 * Asks a proxy, on a connection to it, to pass everything through to `target` (host:port). Resolves with the
 * connection, which from then on leads there. The proxy learns the target and its own login, and nothing else.
 */
export function openTunnel(options: {
  socket: Socket
  proxy: URL
  target: string
  limitMs: number
}): Promise<Socket> {
  const { socket, proxy, target, limitMs } = options
  return new Promise((resolve, reject) => {
    const asking: ClientRequest = request({
      createConnection: () => socket,
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...loginFor(proxy) },
      timeout: limitMs,
    })
    asking.on('timeout', () => asking.destroy(new Error('the proxy does not answer')))
    asking.on('error', reject)
    asking.on('connect', ({ statusCode = 0 }, tunnel: Socket) => {
      tunnel.setTimeout(0)
      if (statusCode >= 200 && statusCode < 300) return resolve(tunnel)
      tunnel.destroy()
      reject(proxyRefusal(proxy, target, statusCode))
    })
    asking.end()
  })
}

function loginFor({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const login = `${decoded(username)}:${decoded(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }
}

/** Passwords are pasted into URLs with a bare % now and then. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
