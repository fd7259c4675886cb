import type { Carrier, Lane } from './carrier.ts'
import { type Connection, createConnector, isHttp2 } from './connector.ts'
import type { ExchangeRequest, Reply } from './exchange.ts'
import { createHttp1Carrier } from './http1-carrier.ts'
import type { Network } from './network.ts'
import { watchSleep } from './sleep-watch.ts'
import { TransportError } from './transport-error.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface GatewayRequest extends Omit<ExchangeRequest, 'origin' | 'maxSilenceMs'> {
  readonly maxSilenceMs?: number
  readonly lane: Lane
}

/** Connections to one origin, and to no other. */
export interface Gateway {
  send(request: GatewayRequest): Promise<Reply>
  destroy(): Promise<void>
}

/**
 * Throws BridgeError when the network's proxy is of no use. Over TLS the first connection decides between HTTP/2 and
 * HTTP/1.1, and is used. HTTP/2 is our own on top of Node's: undici 7 opens one connection per call all the same, and
 * breaks the calls under way when a server bows out gracefully (GOAWAY, as at every deployment).
 */
export function openGateway(origin: string, network: Network, now: () => number = Date.now): Gateway {
  const connector = createConnector(origin, network)
  let carrier = origin.startsWith('https:') ? undefined : openHttp1()
  let choosing: Promise<Carrier> | undefined
  let isDestroyed = false
  const left = new Set<Carrier>()
  const sleep = watchSleep({ now, onWake: () => carrier?.renew() })

  async function choose(): Promise<Carrier> {
    const first = await connector.open()
    carrier = isHttp2(first) ? await openHttp2(first) : openHttp1(first)
    if (isDestroyed) await carrier.destroy()
    return carrier
  }

  function openHttp1(first?: Connection): Carrier {
    const opened = createHttp1Carrier({
      origin,
      connect: connector.http1,
      ...(first !== undefined && { first }),
      onOtherProtocol: () => leave(opened),
    })
    return opened
  }

  /** Loaded only here: many never need it, and a start should not wait for it. */
  async function openHttp2(first: Connection): Promise<Carrier> {
    const { createHttp2Carrier } = await import('./http2-carrier.ts')
    const { open } = connector
    const opened = createHttp2Carrier({ origin, first, open, onOtherProtocol: () => leave(opened) })
    return opened
  }

  /** The next request chooses anew. Calls under way go on where they are. */
  function leave(former: Carrier): void {
    left.add(former)
    if (carrier === former) carrier = undefined
  }

  async function chosen(signal: AbortSignal | undefined): Promise<Carrier> {
    choosing ??= choose().finally(() => {
      choosing = undefined
    })
    return unlessAborted(choosing, signal).catch((error: Error) => {
      throw new TransportError(false, error)
    })
  }

  return {
    async send({ lane, ...given }) {
      sleep.look()
      const request = { maxSilenceMs: 0, ...given, origin }
      return (carrier ?? (await chosen(request.signal))).send(lane, request)
    },
    async destroy() {
      isDestroyed = true
      sleep.stop()
      await Promise.all([...left, carrier].map((each) => each?.destroy()))
    },
  }
}
