import { randomUUID } from 'node:crypto'
import { GatewayError } from '../model/error.ts'
import { type RpcRequest, type RpcResponse, resultBytes } from '../protocol/message.ts'
import { parseReply, type Reply } from '../protocol/reply-bytes.ts'
import { RPC, RpcError } from '../protocol/rpc-error.ts'
import type { CallLimits } from './call-limits.ts'
import { type Forwarded, type Forwarding, failureOf, passOn, start, stateOwner } from './forwarding.ts'
import { STATE_LIFE_MS, sealState } from './request-state.ts'
import { type SettleContext, settle } from './settle.ts'

type Asked = Pick<RpcResponse, 'result' | 'error'>
type Event = { kind: 'reply'; reply: Reply } | { kind: 'question' } | { kind: 'failure'; error: GatewayError }

/**
 * Requests of modern clients to legacy servers. Such a server asks in the middle of a call and waits; a modern client
 * is answered `input_required` meanwhile and comes back with the answer. The call waits here, in this process.
 */
export interface ParkedExchanges {
  /** Starts a request, whatever its server's era. */
  run(context: SettleContext, forwarding: Forwarding): Promise<Forwarded>
  /** Goes on with one that waits, with the answers in the request's params. */
  resume(handle: string, context: SettleContext, forwarding: Forwarding): Promise<Forwarded>
}

export function createParkedExchanges(calls: Pick<CallLimits, 'park' | 'unpark'>): ParkedExchanges {
  const parked = new Map<string, { exchange: Exchange; tokenId: string }>()

  function park(exchange: Exchange, tokenId: string): string {
    try {
      calls.park(tokenId)
    } catch (error) {
      exchange.abandon('The client has too many questions open.')
      throw error
    }
    const handle = randomUUID()
    parked.set(handle, { exchange, tokenId })
    exchange.park(() => unpark(handle))
    return handle
  }

  function unpark(handle: string): Exchange | undefined {
    const found = parked.get(handle)
    if (found === undefined) return undefined
    parked.delete(handle)
    calls.unpark(found.tokenId)
    return found.exchange
  }

  async function next(
    exchange: Exchange,
    context: SettleContext,
    forwarding: Forwarding,
  ): Promise<Forwarded> {
    exchange.attach(forwarding)
    const event = await exchange.nextEvent()
    if (event.kind === 'failure') throw event.error
    if (event.kind === 'reply')
      return urlElicitation(forwarding, event.reply) ?? settle(context, forwarding, event.reply)
    const handle = park(exchange, forwarding.caller.principal.tokenId)
    return questionsFor(context, forwarding, exchange, handle)
  }

  return {
    run: (context, forwarding) => next(new Exchange(forwarding), context, forwarding),
    resume(handle, context, forwarding) {
      const exchange = unpark(handle)
      if (exchange === undefined) throw gone()
      exchange.answer(forwarding.request)
      return next(exchange, context, forwarding)
    },
  }
}

function gone(): RpcError {
  return new RpcError(
    RPC.invalidParams,
    'The server is no longer waiting for this answer. Send the request without its requestState.',
  )
}

function questionsFor(
  { sealer, now }: SettleContext,
  forwarding: Forwarding,
  exchange: Exchange,
  handle: string,
): Forwarded {
  const { request } = forwarding
  const state = { parked: handle, until: now() + STATE_LIFE_MS }
  const result = {
    resultType: 'input_required',
    inputRequests: exchange.questions(),
    requestState: sealState(sealer, stateOwner(forwarding), request, state),
  }
  return { bytes: resultBytes(request.id, JSON.stringify(result)), outcome: 'ok', reason: 'input_required' }
}

/** A legacy server may refuse until a URL was visited (2025-11-25): modern clients are asked to, and come back. */
function urlElicitation({ request, upstream }: Forwarding, reply: Reply): Forwarded | undefined {
  if (!reply.isError || upstream.era !== 'legacy') return undefined
  const { error } = parseReply(reply)
  const elicitations = (error?.data as { elicitations?: unknown } | undefined)?.elicitations
  if (error?.code !== RPC.urlElicitationRequired || !Array.isArray(elicitations)) return undefined
  const inputRequests = Object.fromEntries(
    elicitations.map((params, at) => [`url${at + 1}`, { method: 'elicitation/create', params }]),
  )
  const bytes = resultBytes(request.id, JSON.stringify({ resultType: 'input_required', inputRequests }))
  return { bytes, outcome: 'ok', reason: 'input_required' }
}

/** One request to a server, over as many requests of the client as it takes. */
class Exchange {
  #forwarding: Forwarding
  readonly #questions = new Map<
    string,
    { method: string; params: unknown; answered: (answer: Asked) => void }
  >()
  readonly #events: Event[] = []
  #waiting: ((event: Event) => void) | undefined
  readonly #cancel: (reason: string) => void
  #asked = 0
  #parkedTimer: NodeJS.Timeout | undefined

  constructor(forwarding: Forwarding) {
    this.#forwarding = forwarding
    this.#cancel = start(forwarding, forwarding.params, {
      notification: (message) => passOn(this.#forwarding, message),
      request: ({ method, params }, withdrawn) => this.#ask(method, params, withdrawn),
      reply: (reply) => this.#emit({ kind: 'reply', reply }),
      failure: (failure) => this.#emit({ kind: 'failure', error: failureOf(failure, forwarding) }),
    })
  }

  /** From now on this request of the client is the one to answer. */
  attach(forwarding: Forwarding): void {
    this.#forwarding = forwarding
    forwarding.link.onCancel((reason) => {
      if (this.#forwarding !== forwarding || this.#parkedTimer !== undefined) return
      this.#cancel(reason)
      this.#emit({ kind: 'failure', error: new GatewayError('cancelled', 'The client gave the request up.') })
    })
  }

  #ask(method: string, params: unknown, withdrawn: AbortSignal): Promise<Asked> {
    return new Promise((answered) => {
      const key = `q${++this.#asked}`
      this.#questions.set(key, { method, params, answered })
      withdrawn.addEventListener('abort', () => this.#questions.delete(key))
      this.#emit({ kind: 'question' })
    })
  }

  #emit(event: Event): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) waiting(event)
    else this.#events.push(event)
  }

  nextEvent(): Promise<Event> {
    for (;;) {
      const known = this.#events.shift()
      if (known === undefined) break
      // A question may have been answered along with an earlier one, or taken back.
      if (known.kind !== 'question' || this.#questions.size > 0) return Promise.resolve(known)
    }
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  questions(): Record<string, { method: string; params: unknown }> {
    return Object.fromEntries(
      [...this.#questions].map(([key, { method, params }]) => [key, { method, params }]),
    )
  }

  abandon(reason: string): void {
    this.#cancel(reason)
  }

  /** Nobody comes back for ever: then the server is told that the call is over. */
  park(forget: () => void): void {
    this.#parkedTimer = setTimeout(() => {
      forget()
      this.#cancel('Nobody answered the question.')
    }, STATE_LIFE_MS)
    this.#parkedTimer.unref()
  }

  /** Hands the server the answers that a retry brings; unanswered questions stay and are asked again. */
  answer({ params }: RpcRequest): void {
    clearTimeout(this.#parkedTimer)
    this.#parkedTimer = undefined
    const responses = (params?.inputResponses ?? {}) as Record<string, Record<string, unknown>>
    for (const [key, { answered }] of this.#questions) {
      const result = responses[key]
      if (result === undefined) continue
      this.#questions.delete(key)
      answered({ result })
    }
    if (this.#questions.size > 0) this.#emit({ kind: 'question' })
  }
}
