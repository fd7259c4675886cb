import { asleep, type Carrier, type Lane, maxCallsAtOnce, otherProtocol } from './carrier.ts'
import { type Connection, isHttp2 } from './connector.ts'
import { Http2Session } from './http2-session.ts'
import { TransportError } from './transport-error.ts'
import { unlessAborted } from './unless-aborted.ts'

/**
 * All requests as streams of one session. A session that the gateway ends is followed by another when a request comes.
 * What finds the session full waits (calls) or gets one more (what stays open), so that neither lane shuts the other out.
 */
export function createHttp2Carrier(options: {
  origin: string
  first: Connection
  open: () => Promise<Connection>
  /** Called when a new connection does not speak HTTP/2 any more. */
  onOtherProtocol: () => void
}): Carrier {
  const { origin, open, onOtherProtocol } = options
  const sessions = new Set<Http2Session>()
  let waiting: (() => void)[] = []
  let opening: Promise<void> | undefined
  let isDestroyed = false
  // It may have gone while this was loaded.
  if (!options.first.destroyed) start(options.first)

  function start(connection: Connection): void {
    const session = new Http2Session({ origin, connection, onChange })
    sessions.add(session)
    session.closed.then(() => {
      sessions.delete(session)
      onChange()
    })
  }

  async function openAnother(): Promise<void> {
    const connection = await open()
    if (connection.destroyed) throw new Error('connection closed by the other side')
    if (isHttp2(connection) && !isDestroyed) return start(connection)
    connection.destroy()
    if (!isDestroyed) onOtherProtocol()
    throw new Error(otherProtocol)
  }

  function onChange(): void {
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }

  function change(): Promise<void> {
    return new Promise((resolve) => waiting.push(resolve))
  }

  function inUse(): Http2Session[] {
    return [...sessions].filter((session) => session.isInUse)
  }

  function roomFor(lane: Lane): Http2Session | undefined {
    if (lane === 'calls' && callsUnderWay() >= maxCallsAtOnce) return undefined
    return inUse().find((session) => session.hasRoom)
  }

  function callsUnderWay(): number {
    return inUse().reduce((sum, session) => sum + session.callsUnderWay, 0)
  }

  /** Whoever finds no room waits for a greeting that may make room, and a call for another call's end. */
  function needsAnother(lane: Lane): boolean {
    const isGreetingDue = inUse().some((session) => !session.isGreeted)
    return !isGreetingDue && (lane === 'side' || callsUnderWay() === 0)
  }

  function openOnce(): Promise<void> {
    opening ??= openAnother().finally(() => {
      opening = undefined
    })
    return opening
  }

  async function waitForRoom(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    try {
      if (isDestroyed) throw new Error('the connections were closed')
      await unlessAborted(needsAnother(lane) ? openOnce() : change(), signal)
    } catch (error) {
      // Only Errors are thrown by what opens connections.
      throw new TransportError(false, error as Error)
    }
  }

  return {
    async send(lane, request) {
      for (;;) {
        const session = roomFor(lane)
        if (session !== undefined) return session.send(lane, request)
        await waitForRoom(lane, request.signal)
      }
    },
    renew() {
      for (const session of sessions) session.retire(new Error(asleep))
      onChange()
    },
    async destroy() {
      isDestroyed = true
      onChange()
      await Promise.all([...sessions].map((session) => session.destroy()))
    },
  }
}
