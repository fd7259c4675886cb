import { BridgeError } from '../bridge-error.ts'
import { type Access, refusesToken } from '../credentials/access.ts'
import type { Reply } from '../http/exchange.ts'
import { readEvents } from '../http/server-events.ts'
import { TransportError } from '../http/transport-error.ts'
import { createBackOff } from './back-off.ts'
import { type ClientMessage, isRepeatable, type MessageId } from './client-message.ts'
import { explainRefusal, isPassing, isWorkspaceMissing, type Refusal, readRefusal } from './refusal.ts'
import { retryAfterMs } from './retry-after.ts'
import { readServerMessage, type ServerMessage } from './server-message.ts'

export type Headers = Readonly<Record<string, string>>

/** One message on its way to the gateway, and what to do with what comes back. */
export interface Delivery {
  readonly message: ClientMessage
  readonly lane: 'calls' | 'side'
  readonly signal: AbortSignal
  /** Asked anew at every attempt: a session may have been renewed in between. */
  readonly headers: () => Headers
  /** Called when the gateway may have seen the message. */
  readonly onSent?: () => void
  readonly onReply?: (reply: Reply) => void
  readonly onMessage: (message: ServerMessage) => void | Promise<void>
  /** Called once, for a refused message that the gateway has not carried out. True means: send it again. */
  readonly recover?: (refusal: Refusal, sentHeaders: Headers) => Promise<boolean>
  /** Reopens a broken legacy stream where it stopped. */
  readonly resume?: (lastEventId: string) => Promise<Reply>
}

/**
 * Carries messages. `deliver` resolves when the message was answered (or accepted, for one that has no answer)
 * and rejects with BridgeError otherwise. A message that may have been carried out is sent again only when
 * repeating it is harmless; `tools/call` never is.
 */
export interface Courier {
  deliver(delivery: Delivery): Promise<void>
}

const accept = 'application/json, text/event-stream'
const maxRepeats = 5
const maxBackOffMs = 2_000
const briefPatienceMs = 500
const graceMs = 30_000

export function createCourier(options: { access: Access; random: () => number; now: () => number }): Courier {
  const { access, random, now } = options
  let gaveUpAt = Number.NEGATIVE_INFINITY

  /** Who has just waited in vain is not made to wait as long again for the next message. */
  function patienceFor(message: ClientMessage): number {
    return now() - gaveUpAt < graceMs ? briefPatienceMs : patienceMs(message)
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const { message, signal } = delivery
    const backOff = createBackOff(maxBackOffMs, random)
    const deadline = now() + patienceFor(message)
    let repeats = 0
    let mayRecover = true

    for (;;) {
      const headers = delivery.headers()
      const failure = await attempt(delivery, headers)
      if (failure === undefined) gaveUpAt = Number.NEGATIVE_INFINITY
      if (failure === undefined || signal.aborted) return
      if (
        mayRecover &&
        !(failure instanceof TransportError) &&
        (await delivery.recover?.(failure, headers))
      ) {
        mayRecover = false
        continue
      }
      const wasNeverSent = failure instanceof TransportError && !failure.sent
      if (!wasNeverSent) {
        repeats += 1
        gaveUpAt = Number.NEGATIVE_INFINITY
      }
      const isOver = wasNeverSent ? failure.isPermanent || now() >= deadline : repeats > maxRepeats
      const mayGoAgain = wasNeverSent || isRepeatable(message)
      if (isOver && wasNeverSent) gaveUpAt = now()
      if (isOver || !mayGoAgain || isFinal(failure, message)) return conclude(delivery, failure)
      await backOff.pause(signal, waitAskedForMs(failure))
      if (signal.aborted) return
    }
  }

  async function attempt(
    delivery: Delivery,
    headers: Headers,
  ): Promise<TransportError | Refusal | undefined> {
    const { message, lane, signal } = delivery
    try {
      const reply = await access.send({
        method: 'POST',
        lane,
        headers: { ...headers, accept, 'content-type': 'application/json' },
        body: message.text,
        signal,
        ...(delivery.onSent === undefined ? {} : { onStart: delivery.onSent }),
      })
      if (reply.status >= 300) return await readRefusal(reply)
      delivery.onReply?.(reply)
      await receive(delivery, reply)
      return undefined
    } catch (error) {
      if (error instanceof TransportError) return error
      throw error
    }
  }

  /** Resolves with the last answer. A stream that stays open after it goes on being relayed meanwhile. */
  async function receive(delivery: Delivery, firstReply: Reply): Promise<void> {
    const waiting = new Set<MessageId>(delivery.message.ids)
    let reply = firstReply
    for (;;) {
      const lastEventId = await drainUntilAnswered(delivery, reply, waiting, reply !== firstReply)
      if (waiting.size === 0 || delivery.signal.aborted) return
      if (lastEventId === undefined || delivery.resume === undefined) {
        throw new TransportError(true, new Error('the reply ended without an answer'))
      }
      reply = await delivery.resume(lastEventId)
    }
  }

  function drainUntilAnswered(
    delivery: Delivery,
    reply: Reply,
    waiting: Set<MessageId>,
    isResumed: boolean,
  ): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const onAnswered = () => resolve(undefined)
      drain({ delivery, reply, waiting, isResumed, onAnswered }).then(resolve, reject)
    })
  }

  /** Relays what a reply holds. Returns where a broken one can be resumed; throws when it cannot be. */
  async function drain(options: {
    delivery: Delivery
    reply: Reply
    waiting: Set<MessageId>
    isResumed: boolean
    onAnswered: () => void
  }): Promise<string | undefined> {
    const { delivery, reply, waiting, isResumed, onAnswered } = options
    let lastEventId: string | undefined
    try {
      for await (const event of readEvents(reply)) {
        lastEventId = event.eventId ?? lastEventId
        const message = event.text === undefined ? undefined : readServerMessage(event.text)
        if (message === undefined) continue
        for (const id of message.answers) waiting.delete(id)
        await delivery.onMessage(message)
        if (waiting.size === 0 && message.answers.length > 0) onAnswered()
        // A resumed stream is the session's own and stays open; what we came for has arrived.
        if (isResumed && waiting.size === 0) break
      }
    } catch (error) {
      const canGoOn = waiting.size === 0 || (lastEventId !== undefined && delivery.resume !== undefined)
      if (!canGoOn) throw error
    }
    return lastEventId
  }

  async function conclude(delivery: Delivery, failure: TransportError | Refusal): Promise<void> {
    const workspace = await access.workspace()
    if (failure instanceof TransportError) throw explainTransport(failure, delivery.message, workspace.origin)
    const { message } = failure
    const isExplained = refusesToken(failure) || isWorkspaceMissing(failure)
    const answer = message?.error !== undefined && !isExplained ? message : undefined
    if (answer === undefined || delivery.message.ids.length === 0) throw explainRefusal(failure, workspace)
    for (const line of addressTo(delivery.message, answer)) await delivery.onMessage(line)
  }

  return { deliver }
}

/** Starting up, a client waits for one answer and shows nothing meanwhile; later a restart should pass unnoticed. */
function patienceMs(message: ClientMessage): number {
  // A probe of the era: clients then ask a second time, with `initialize` and often in a process of its own.
  if (message.method === 'server/discover') return 2_000
  // With the start of npx in front, the client knows within 5 s why nothing happens.
  return message.method === 'initialize' ? 3_000 : 30_000
}

function isFinal(failure: TransportError | Refusal, request: ClientMessage): boolean {
  if (failure instanceof TransportError) return false
  return !isPassing(failure) || answersOwnId(request, failure.message)
}

function answersOwnId(request: ClientMessage, answer: ServerMessage | undefined): boolean {
  return request.ids.some((id) => answer?.answers.includes(id))
}

/** A client waits for the answer meanwhile, so not as long as a gateway may ask for. */
function waitAskedForMs(failure: TransportError | Refusal): number {
  return failure instanceof TransportError ? 0 : Math.min(retryAfterMs(failure.headers['retry-after']), 5_000)
}

/** A gateway that refuses before reading the id answers `id: null`; the client waits for its own id. */
function addressTo(request: ClientMessage, answer: ServerMessage): ServerMessage[] {
  if (answersOwnId(request, answer)) return [answer]
  return request.ids.map((id) => ({
    ...answer,
    answers: [id],
    line: JSON.stringify({ jsonrpc: '2.0', id, error: answer.error }),
  }))
}

function explainTransport(failure: TransportError, message: ClientMessage, origin: string): BridgeError {
  if (!failure.sent) {
    return new BridgeError('unreachable', `${origin} cannot be reached (${failure.message}).`, {
      fix: failure.fix ?? 'Check that the gateway runs and that this machine can reach it, then try again.',
      cause: failure,
    })
  }
  const what = message.method ?? 'the message'
  return new BridgeError(
    'connection_lost',
    `The connection to ${origin} broke after ${what} was sent (${failure.message}).`,
    {
      fix: isRepeatable(message)
        ? 'Try again.'
        : 'It may have been carried out and was not sent again: check before you repeat it.',
      cause: failure,
    },
  )
}
