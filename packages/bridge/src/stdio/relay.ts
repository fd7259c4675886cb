import { asBridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { asId, type ClientMessage, type MessageId, readClientMessage } from './client-message.ts'
import { createCourier } from './courier.ts'
import { createLegacySession } from './legacy-session.ts'
import { createMirroredParameters } from './mirrored-parameters.ts'
import { modernHeaders } from './modern-headers.ts'
import type { Outlet } from './outlet.ts'
import { relearnParameters } from './relearn-parameters.ts'
import type { ServerMessage } from './server-message.ts'
import { keepSubscription } from './subscription.ts'

/** Takes the client's lines and sees to it that every request among them is answered exactly once. */
export interface Relay {
  receive(line: string): void
  /** Resolves when no request is waiting for an answer. Subscriptions do not count: they never end. */
  settled(): Promise<void>
  /** Drops what is under way and says goodbye to the gateway. */
  close(goodbyeMs: number): Promise<void>
}

interface InFlight {
  readonly message: ClientMessage
  readonly controller: AbortController
  isSent: boolean
}

export function createRelay(options: {
  access: Access
  outlet: Outlet
  random: () => number
  now: () => number
}): Relay {
  const { access, outlet, random, now } = options
  const closing = new AbortController()
  const courier = createCourier({ access, random, now })
  const session = createLegacySession({ access, courier, outlet, random, signal: closing.signal })
  const mirrored = createMirroredParameters()
  const inFlight = new Map<MessageId, InFlight>()
  const pending = new Set<Promise<void>>()

  function receive(line: string): void {
    if (line.trim() === '') return
    const message = readClientMessage(line)
    if (message === undefined) {
      outlet.reject(line)
      return
    }
    if (message.method === 'notifications/cancelled' && cancelHere(message)) return
    const entry: InFlight = { message, controller: new AbortController(), isSent: false }
    for (const id of message.ids) inFlight.set(id, entry)
    const done = carry(entry).finally(() => {
      pending.delete(done)
      for (const id of message.ids) if (inFlight.get(id) === entry) inFlight.delete(id)
    })
    if (message.method !== 'subscriptions/listen') pending.add(done)
  }

  async function carry(entry: InFlight): Promise<void> {
    const signal = AbortSignal.any([entry.controller.signal, closing.signal])
    try {
      await route(entry, signal)
    } catch (error) {
      if (!signal.aborted) outlet.fail(entry.message, asBridgeError(error))
    }
  }

  function route(entry: InFlight, signal: AbortSignal): Promise<void> {
    const { message } = entry
    const exchange = {
      signal,
      onMessage: (received: ServerMessage) => outlet.write(received.line),
      onSent: () => {
        entry.isSent = true
      },
    }
    if (message.modernVersion === undefined) return session.deliver(message, exchange)
    const headers = () => modernHeaders(message, mirrored)
    if (message.method === 'subscriptions/listen') {
      return keepSubscription({ message, courier, outlet, headers, signal, random })
    }
    return courier.deliver({
      ...exchange,
      message,
      lane: message.kind === 'request' ? 'calls' : 'side',
      headers,
      onMessage(received) {
        if (message.method === 'tools/list' && received.result) mirrored.learn(received.result)
        return exchange.onMessage(received)
      },
      recover: (refusal) => relearnParameters({ message, refusal, courier, mirrored, signal }),
    })
  }

  /** A modern request is cancelled by closing its connection. For a legacy one under way the message must travel. */
  function cancelHere(message: ClientMessage): boolean {
    const id = asId(message.params?.requestId)
    const target = id === undefined ? undefined : inFlight.get(id)
    if (target?.isSent && target.message.modernVersion === undefined) return false
    // Without a target the answer has already gone out, and there is nothing left to cancel.
    target?.controller.abort()
    return true
  }

  return {
    receive,
    async settled() {
      while (pending.size > 0) await Promise.allSettled(pending)
    },
    async close(goodbyeMs) {
      closing.abort()
      await session.end(AbortSignal.timeout(goodbyeMs)).catch(() => undefined)
    },
  }
}
