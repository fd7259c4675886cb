import Pool from 'undici/lib/dispatcher/pool.js'
import { createConnector } from './connector.ts'
import { type ExchangeRequest, exchange, type Reply } from './exchange.ts'
import type { Network } from './network.ts'
import { watchSleep } from './sleep-watch.ts'

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

// More calls than this at once wait for a free connection. A call can wait on the user for minutes, so the
// number is far above what one client runs in parallel, and below what would trouble a gateway.
const maxCallConnections = 64

/**
 * Throws BridgeError when the network's proxy is of no use. HTTP/1.1 throughout: with undici 7, HTTP/2 brought one
 * connection per call all the same, and a server that bowed out gracefully (GOAWAY, as at every deployment) broke
 * the calls under way, which HTTP/1.1 lets finish. Tool calls cannot be repeated, so that is worse than nothing.
 */
export function openGateway(origin: string, network: Network, now: () => number = Date.now): Gateway {
  const connect = createConnector(origin, network)
  const openLanes = () => ({
    calls: new Pool(origin, { connections: maxCallConnections, connect }),
    side: new Pool(origin, { connections: null, connect }),
  })
  let lanes = openLanes()
  const retired = new Set<Pool>()
  const sleep = watchSleep({ now, onWake: renew })

  /**
   * After sleep no connection is trusted. Streams break off and are opened again by those who keep them. Calls under way may
   * still be answered, so they keep their connections until an answer or the system's sign of death ends them.
   */
  function renew(): void {
    const { calls, side } = lanes
    lanes = openLanes()
    retired.add(calls)
    calls.close().then(
      () => retired.delete(calls),
      () => undefined,
    )
    side.destroy(new Error('the machine slept')).catch(() => undefined)
  }

  return {
    send({ lane, ...request }) {
      sleep.look()
      return exchange(lanes[lane], { maxSilenceMs: 0, ...request, origin })
    },
    async destroy() {
      sleep.stop()
      await Promise.all([...retired, lanes.calls, lanes.side].map((pool) => pool.destroy()))
    },
  }
}
