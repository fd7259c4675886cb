import { asBridgeError } from '../bridge-error.ts'
import { type Access, refusesToken } from '../credentials/access.ts'
import type { Reply } from '../http/exchange.ts'
import { readEvents } from '../http/server-events.ts'
import { TransportError } from '../http/transport-error.ts'
import { createBackOff } from './back-off.ts'
import type { Headers } from './courier.ts'
import type { Outlet } from './outlet.ts'
import { explainRefusal, readRefusal } from './refusal.ts'
import { retryAfterMs } from './retry-after.ts'
import { readServerMessage } from './server-message.ts'

interface StreamOptions {
  readonly access: Access
  readonly random: () => number
  readonly signal: AbortSignal
  readonly headers: () => Headers
}

const maxBackOffMs = 4_000
// A stream without even a keep-alive for so long is taken for dead: the machine may have slept.
const maxSilenceMs = 5 * 60_000
const maxResumeAttempts = 5

/**
 * Keeps the GET stream of a session open until the signal, or until the gateway says that it has none. Rejects with
 * BridgeError when the token or the session is refused for good.
 */
export async function keepServerStream(
  options: StreamOptions & {
    readonly outlet: Outlet
    readonly sessionHeader: string
    readonly renewAfter: (goneId: string | undefined) => Promise<boolean>
  },
): Promise<void> {
  const { outlet, signal, headers } = options
  const backOff = createBackOff(maxBackOffMs, options.random)
  const place: Place = { lastEventId: undefined, retryMs: 0 }

  while (!signal.aborted) {
    const sent = headers()
    let askedWaitMs = 0
    const reply = await tryOpen(options, place.lastEventId)
    if (reply !== undefined && reply.status < 300) {
      // A stream that only opens and ends again must not be asked for ten times a second.
      if (await relay(reply, outlet, place)) backOff.reset()
    } else if (reply?.status === 404 && sent[options.sessionHeader] !== undefined) {
      reply.body.destroy()
      // A renewed session opens a stream of its own and ends this one by the signal.
      await options.renewAfter(sent[options.sessionHeader])
    } else if (reply !== undefined && (refusesToken(reply) || isForGood(reply))) {
      return requireAcceptance(options, reply)
    } else {
      askedWaitMs = retryAfterMs(reply?.headers['retry-after'])
      reply?.body.destroy()
    }
    await backOff.pause(signal, Math.max(place.retryMs, askedWaitMs))
  }
}

function isForGood({ status }: Reply): boolean {
  return status < 500 && status !== 409 && status !== 429
}

interface Place {
  lastEventId: string | undefined
  retryMs: number
}

/** Relays until the stream ends. True when it carried anything. */
async function relay(reply: Reply, outlet: Outlet, place: Place): Promise<boolean> {
  let carriedAnything = false
  try {
    for await (const event of readEvents(reply)) {
      carriedAnything = true
      place.lastEventId = event.eventId ?? place.lastEventId
      place.retryMs = Math.min(event.retryMs ?? place.retryMs, maxBackOffMs)
      const message = event.text === undefined ? undefined : readServerMessage(event.text)
      if (message !== undefined) await outlet.write(message.line)
    }
  } catch {
    // A broken stream is reopened like one that ended.
  }
  return carriedAnything
}

async function tryOpen(options: StreamOptions, lastEventId: string | undefined): Promise<Reply | undefined> {
  try {
    return await openStream(options, lastEventId)
  } catch (error) {
    if (error instanceof TransportError) return undefined
    throw error
  }
}

function openStream(options: StreamOptions, lastEventId: string | undefined): Promise<Reply> {
  return options.access.send({
    method: 'GET',
    lane: 'side',
    headers: {
      ...options.headers(),
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: options.signal,
    maxSilenceMs,
  })
}

/** 405 says there is no stream, which is fine; a refused token is not. */
async function requireAcceptance(options: StreamOptions, reply: Reply): Promise<void> {
  const refusal = await readRefusal(reply).catch(() => undefined)
  if (refusal === undefined || (refusal.status !== 403 && !refusesToken(refusal))) return
  throw explainRefusal(refusal, await options.access.workspace())
}

/** Opens the stream that continues after an event, for an answer whose own stream broke. */
export async function reopenStream(options: StreamOptions & { lastEventId: string }): Promise<Reply> {
  const backOff = createBackOff(maxBackOffMs, options.random)
  let failure: unknown
  for (let attempt = 0; attempt < maxResumeAttempts && !options.signal.aborted; attempt += 1) {
    await backOff.pause(options.signal)
    try {
      const reply = await openStream(options, options.lastEventId)
      if (reply.status < 300) return reply
      reply.body.destroy()
      failure = new Error(`the stream could not be resumed: HTTP ${reply.status}`)
      if (reply.status < 500) break
    } catch (error) {
      failure = error
    }
  }
  throw new TransportError(true, asBridgeError(failure))
}
