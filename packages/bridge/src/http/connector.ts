import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { buildConnector } from 'undici'
import createConnect from 'undici/lib/core/connect.js'
import { trustEveryAuthority } from './authorities.ts'
import type { Network } from './network.ts'
import { chooseProxy } from './proxy-choice.ts'
import { ProxyError } from './proxy-error.ts'
import { describeTrouble, isUnknownIssuer } from './trouble.ts'
import { openTunnel } from './tunnel.ts'

export type Connector = buildConnector.connector
type Target = buildConnector.Options

const connectTimeoutMs = 5_000
// The system asks a silent connection for a sign of life after this time, then ten times, once a second: a call whose
// connection died unnoticed (sleep, another network, a forgetful router) fails after 25 s instead of never.
const keepAliveInitialDelay = 15_000

/** Connects as this network wants it: through its proxy, trusting whom this machine trusts. Always verifies. */
export function createConnector(origin: string, network: Network): Connector {
  const proxy = chooseProxy(new URL(origin), network)
  const dial = createDialer(network.caFile)
  const connect = (target: Target) =>
    dial(target, proxy === undefined ? undefined : () => tunnelTo(target, proxy, dial))
  return (target, callback) => {
    connect(target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

async function tunnelTo(target: Target, proxy: URL, dial: Dial): Promise<Socket> {
  const { protocol, host, hostname, port } = proxy
  const socket = await dial({ protocol, host, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port }).catch(
    (error: Error) => {
      throw new ProxyError(`the proxy ${proxy.host}: ${describeTrouble(error)}`, {
        fix: 'Check HTTPS_PROXY, then log in again; without a proxy, unset it.',
        isPermanent: isUnknownIssuer(error),
        cause: error,
      })
    },
  )
  const address = `${target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname}:${target.port || 443}`
  return openTunnel({ socket, proxy, target: address, limitMs: connectTimeoutMs })
}

/** Opens a connection, on top of another one where `openBelow` makes one. */
type Dial = (target: Target, openBelow?: () => Promise<Socket>) => Promise<Socket>

function createDialer(caFile: string | undefined): Dial {
  let connect = connectWith(undefined)
  let widened: Promise<void> | undefined

  async function attempt(target: Target, openBelow?: () => Promise<Socket>): Promise<Socket> {
    const below = await openBelow?.()
    return new Promise((resolve, reject) => {
      const options = below === undefined ? target : { ...target, httpSocket: below }
      connect(options, (error, socket) => (error === null ? resolve(socket) : reject(error)))
    })
  }

  /** From now on all are trusted whom this machine trusts. */
  async function widen(): Promise<void> {
    connect = connectWith(await trustEveryAuthority(caFile))
  }

  return async (target, openBelow) => {
    try {
      return await attempt(target, openBelow)
    } catch (error) {
      // A certificate is judged before anything is sent, so nothing is sent twice.
      if (!isUnknownIssuer(error)) throw error
      widened ??= widen()
      await widened
      return attempt(target, openBelow)
    }
  }
}

function connectWith(secureContext: SecureContext | undefined): Connector {
  return createConnect({
    timeout: connectTimeoutMs,
    keepAliveInitialDelay,
    // Said outright, NODE_TLS_REJECT_UNAUTHORIZED=0 cannot take it back.
    rejectUnauthorized: true,
    ...(secureContext !== undefined && { secureContext }),
  })
}
