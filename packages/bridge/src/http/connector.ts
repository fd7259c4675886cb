import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'
import createConnect from 'undici/lib/core/connect.js'
import { trustEveryAuthority } from './authorities.ts'
import type { Network } from './network.ts'
import { chooseProxy } from './proxy-choice.ts'
import { ProxyError } from './proxy-error.ts'
import { describeTrouble, isUnknownIssuer } from './trouble.ts'
import { openTunnel } from './tunnel.ts'

/** Opens connections to one origin. */
export interface Connector {
  /** For undici's pools: HTTP/1.1 alone. */
  readonly http1: buildConnector.connector
  /** Offers HTTP/2 beside HTTP/1.1; `alpnProtocol` of the connection tells what the other side chose. */
  open(): Promise<Connection>
}

export type Connection = TLSSocket | Socket
type Target = buildConnector.Options

const connectTimeoutMs = 5_000
// The system asks a silent connection for a sign of life after this time, then ten times, once a second: a call whose
// connection died unnoticed (sleep, another network, a forgetful router) fails after 25 s instead of never.
const keepAliveInitialDelay = 15_000

export function isHttp2(connection: Connection): boolean {
  return 'alpnProtocol' in connection && connection.alpnProtocol === 'h2'
}

/** Connects as this network wants it: through its proxy, trusting whom this machine trusts. Always verifies. */
export function createConnector(origin: string, network: Network): Connector {
  const url = new URL(origin)
  const proxy = chooseProxy(url, network)
  const dial = createDialer(network.caFile)
  const through = (target: Target) =>
    proxy === undefined ? {} : { openBelow: () => tunnelTo(target, proxy, dial) }
  return {
    http1(target, callback) {
      dial(target, through(target)).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      )
    },
    open() {
      const target = targetOf(url)
      return dial(target, { ...through(target), offersHttp2: true })
    },
  }
}

function targetOf({ protocol, host, hostname, port }: URL): Target {
  return { protocol, host, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port }
}

async function tunnelTo(target: Target, proxy: URL, dial: Dial): Promise<Socket> {
  const socket = await dial(targetOf(proxy)).catch((error: Error) => {
    throw new ProxyError(`the proxy ${proxy.host}: ${describeTrouble(error)}`, {
      fix: 'Check HTTPS_PROXY, then log in again; without a proxy, unset it.',
      isPermanent: isUnknownIssuer(error),
      cause: error,
    })
  })
  const address = `${target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname}:${target.port || 443}`
  return openTunnel({ socket, proxy, target: address, limitMs: connectTimeoutMs })
}

type Dial = (target: Target, way?: Way) => Promise<Connection>

interface Way {
  /** Opens the connection on top of which this one is made. */
  readonly openBelow?: () => Promise<Socket>
  readonly offersHttp2?: boolean
}

function createDialer(caFile: string | undefined): Dial {
  let connect = connectWith(undefined)
  let widened: Promise<void> | undefined

  async function attempt(target: Target, { openBelow, offersHttp2 = false }: Way): Promise<Connection> {
    const below = await openBelow?.()
    return new Promise((resolve, reject) => {
      const options = below === undefined ? target : { ...target, httpSocket: below }
      const offer = offersHttp2 ? connect.either : connect.http1
      offer(options, (error, socket) => (error === null ? resolve(socket) : reject(error)))
    })
  }

  /** From now on all are trusted whom this machine trusts. */
  async function widen(): Promise<void> {
    connect = connectWith(await trustEveryAuthority(caFile))
  }

  return async (target, way = {}) => {
    try {
      return await attempt(target, way)
    } catch (error) {
      // A certificate is judged before anything is sent, so nothing is sent twice.
      if (!isUnknownIssuer(error)) throw error
      widened ??= widen()
      await widened
      return attempt(target, way)
    }
  }
}

function connectWith(secureContext: SecureContext | undefined) {
  const options = {
    timeout: connectTimeoutMs,
    keepAliveInitialDelay,
    // Said outright, NODE_TLS_REJECT_UNAUTHORIZED=0 cannot take it back.
    rejectUnauthorized: true,
    ...(secureContext !== undefined && { secureContext }),
  }
  return {
    http1: createConnect({ ...options, allowH2: false }),
    either: createConnect({ ...options, allowH2: true }),
  }
}
