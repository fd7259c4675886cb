import { request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import type { Socket } from 'node:net'
import { allAuthorities } from '../http/authorities.ts'
import { failed, type Observation, ok } from './finding.ts'
import { type Scene, stepLimitMs } from './scene.ts'

/** Does the proxy let us through to the gateway? Says nothing where there is no proxy. */
export async function checkTunnel(scene: Scene): Promise<Observation[]> {
  const { proxy } = await scene.firstHop()
  if (proxy === undefined) return []
  const { host } = new URL((await scene.workspace()).origin)
  try {
    const { status, socket } = await openTunnel(scene, proxy)
    socket.destroy()
    return [status === 200 ? ok(`The proxy connects to ${host}`) : explain(proxy.host, host, status)]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [failed(`The proxy ${proxy.host} does not answer: ${why}.`, checkTheProxy, 'unreachable')]
  }
}

const checkTheProxy = 'Check HTTPS_PROXY, or name the gateway in NO_PROXY if it can be reached directly.'

function explain(proxy: string, target: string, status: number): Observation {
  if (status === 407) {
    return failed(
      `The proxy ${proxy} wants a login, or not the one it was given (HTTP 407).`,
      'Put user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), then log in to mcpgw again.',
      'unreachable',
    )
  }
  return failed(
    `The proxy ${proxy} does not connect to ${target} (HTTP ${status}).`,
    `Ask those who run the proxy to allow ${target}; ${checkTheProxy.charAt(0).toLowerCase()}${checkTheProxy.slice(1)}`,
    'unreachable',
  )
}

/** Asks a proxy for a connection to the gateway. The socket leads there when the status is 200. */
export async function openTunnel(scene: Scene, proxy: URL): Promise<{ status: number; socket: Socket }> {
  const { hostname, port } = new URL((await scene.workspace()).origin)
  const target = `${hostname}:${port || 443}`
  const isSecure = proxy.protocol === 'https:'
  const ca = isSecure ? await allAuthorities((await scene.network()).caFile) : undefined
  const options = {
    host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: proxy.port || (isSecure ? 443 : 80),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...loginFor(proxy) },
    agent: false,
    timeout: stepLimitMs,
    ...(ca !== undefined && { ca, rejectUnauthorized: true }),
  }
  return new Promise((resolve, reject) => {
    const asked = (isSecure ? overTls : overHttp)(options)
    asked.on('timeout', () => asked.destroy(new Error('no answer within 5 seconds')))
    asked.on('error', reject)
    asked.on('connect', ({ statusCode = 0 }, socket) => {
      socket.setTimeout(0)
      // A proxy that hangs up after its refusal says nothing new.
      socket.on('error', () => undefined)
      // Sockets of node:http are those of node:net.
      resolve({ status: statusCode, socket: socket as Socket })
    })
    asked.end()
  })
}

function loginFor({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }
}
