import type { buildConnector } from 'undici'
import Pool from 'undici/lib/dispatcher/pool.js'
import { asleep, type Carrier, maxCallsAtOnce, otherProtocol } from './carrier.ts'
import type { Connection } from './connector.ts'
import { exchange } from './exchange.ts'
import { isNoCommonProtocol } from './trouble.ts'

/** One connection per request under way. `first`, if given, is open already and serves the first of them. */
export function createHttp1Carrier(options: {
  origin: string
  connect: buildConnector.connector
  first?: Connection
  /** Called when the other side does not speak HTTP/1.1 any more. */
  onOtherProtocol: () => void
}): Carrier {
  const { origin, onOtherProtocol } = options
  let { first } = options

  const connect: buildConnector.connector = (target, callback) => {
    const ready = first
    first = undefined
    if (ready !== undefined && !ready.destroyed) return queueMicrotask(() => callback(null, ready))
    options.connect(target, (error, socket) => {
      if (error === null) return callback(null, socket)
      if (!isNoCommonProtocol(error)) return callback(error, null)
      onOtherProtocol()
      callback(new Error(otherProtocol), null)
    })
  }

  const openLanes = () => ({
    calls: new Pool(origin, { connections: maxCallsAtOnce, connect }),
    side: new Pool(origin, { connections: null, connect }),
  })
  let lanes = openLanes()
  const retired = new Set<Pool>()

  return {
    send: (lane, request) => exchange(lanes[lane], request),
    renew() {
      first?.destroy()
      const { calls, side } = lanes
      lanes = openLanes()
      retired.add(calls)
      calls.close().then(
        () => retired.delete(calls),
        () => undefined,
      )
      side.destroy(new Error(asleep)).catch(() => undefined)
    },
    async destroy() {
      first?.destroy()
      await Promise.all([...retired, lanes.calls, lanes.side].map((pool) => pool.destroy()))
    },
  }
}
