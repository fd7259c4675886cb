import type { Dispatcher } from 'undici'
import Pool from 'undici/lib/dispatcher/pool.js'
import { isLoopback } from '../workspace-url.ts'
import { type ExchangeRequest, exchange, type Reply } from './exchange.ts'
import type { Network } from './network.ts'

export interface GatewayRequest extends Omit<ExchangeRequest, 'origin' | 'maxSilenceMs'> {
  readonly maxSilenceMs?: number
  /** `side` is for what stays open or must not queue behind long calls: streams, answers, notifications. */
  readonly lane: 'calls' | 'side'
}

/** Connections to one origin, and to no other. */
export interface Gateway {
  send(request: GatewayRequest): Promise<Reply>
  destroy(): Promise<void>
}

const connectTimeoutMs = 5_000
// More calls than this at once wait for a free connection. A call can wait on the user for minutes, so the
// number is far above what one client runs in parallel, and below what would trouble a gateway.
const maxCallConnections = 64

export async function openGateway(origin: string, network: Network): Promise<Gateway> {
  const createDispatcher = await dispatcherFor(origin, network)
  const lanes = { calls: createDispatcher(maxCallConnections), side: createDispatcher(null) }
  return {
    send: ({ lane, ...request }) => exchange(lanes[lane], { maxSilenceMs: 0, ...request, origin }),
    async destroy() {
      await Promise.all([lanes.calls.destroy(), lanes.side.destroy()])
    },
  }
}

type CreateDispatcher = (connections: number | null) => Dispatcher

async function dispatcherFor(origin: string, network: Network): Promise<CreateDispatcher> {
  const connect = { timeout: connectTimeoutMs }
  const usesProxy = network.httpProxy !== undefined || network.httpsProxy !== undefined
  if (!usesProxy || isLoopback(new URL(origin).hostname)) {
    return (connections) => new Pool(origin, { connections, connect })
  }
  const { createProxyDispatcher } = await import('./proxies.ts')
  return (connections) => createProxyDispatcher(network, { connections, connect })
}
