import { asGatewayError, type GatewayError } from '../model/error.ts'
import type { JsonLimits } from '../protocol/json.ts'
import { idKey, type RequestId, type RpcNotification, type RpcRequest } from '../protocol/message.ts'
import { type Incoming, idOfUnreadableReply, readIncoming } from '../protocol/reply-bytes.ts'
import type { OutgoingRequest, RequestSink, UnsolicitedSink } from './channel.ts'

/** Questions whose taking back can still be told; a server with more of them open is not a good one. */
const MAX_ASKED = 1_000

/**
 * Finds out for whom a message on a single shared stream is: replies by id, progress by its token, and everything
 * else only when all requests in flight belong to one owner. A message that could be for two owners is for nobody,
 * so that nothing of one member's call reaches another.
 */
export class StreamCorrelation {
  readonly #open = new Map<number, { outgoing: OutgoingRequest; sink: RequestSink }>()
  /** Who was asked what: only they hear that a question is taken back. */
  readonly #asked = new Map<string, RequestSink>()
  readonly #unsolicited: UnsolicitedSink
  readonly #limits: JsonLimits

  constructor(unsolicited: UnsolicitedSink, limits: JsonLimits) {
    this.#unsolicited = unsolicited
    this.#limits = limits
  }

  opened(outgoing: OutgoingRequest, sink: RequestSink): void {
    this.#open.set(outgoing.id, { outgoing, sink })
  }

  /** Whether the request was still open. */
  givenUp(id: number): boolean {
    const wasOpen = this.#open.delete(id)
    // With nobody's call running there is nobody left to hear that a question is taken back.
    if (this.#open.size === 0) this.#asked.clear()
    return wasOpen
  }

  /**
   * Throws `upstream_invalid` for what is not JSON-RPC, `too_large` for what would take too long to parse. Where that
   * was to be the reply to a request in flight, the request fails with it instead.
   */
  receive(raw: Buffer): void {
    for (const incoming of this.#read(raw)) {
      if (incoming.kind === 'notification') this.#notification(incoming.message)
      else if (incoming.kind === 'request') this.#request(incoming.message)
      else {
        const { reply } = incoming
        const open = this.#open.get(reply.id)
        this.givenUp(reply.id)
        open?.sink.reply(reply)
      }
    }
  }

  #read(raw: Buffer): Incoming[] {
    try {
      return readIncoming(raw, this.#limits)
    } catch (error) {
      const id = idOfUnreadableReply(raw)
      const open = id === undefined ? undefined : this.#open.get(id)
      if (id === undefined || open === undefined) throw error
      // Nobody should wait for another one.
      this.givenUp(id)
      open.sink.failure({ kind: 'broken', error: asGatewayError(error) })
      return []
    }
  }

  #request(message: RpcRequest): void {
    const asked = this.#onlyOwner()
    if (asked === undefined) return this.#unsolicited.request(message)
    if (this.#asked.size >= MAX_ASKED) this.#asked.clear()
    this.#asked.set(idKey(message.id), asked)
    asked.request(message)
  }

  #notification(message: RpcNotification): void {
    const token = message.params?.progressToken
    if (message.method === 'notifications/progress') {
      if (typeof token === 'number') this.#open.get(token)?.sink.notification(message)
    } else if (message.method === 'notifications/cancelled') {
      this.#withdraw(message)
    } else if (message.method === 'notifications/message') {
      this.#onlyOwner()?.notification(message)
    } else {
      this.#unsolicited.notification(message)
    }
  }

  #withdraw(message: RpcNotification): void {
    // An unreadable id is simply not found.
    const key = idKey(message.params?.requestId as RequestId)
    this.#asked.get(key)?.notification(message)
    this.#asked.delete(key)
  }

  #onlyOwner(): RequestSink | undefined {
    let newest: { outgoing: OutgoingRequest; sink: RequestSink } | undefined
    for (const open of this.#open.values()) {
      // The gateway's own requests, such as a standing subscription, are nobody's call.
      if (open.outgoing.owner === '') continue
      if (newest !== undefined && newest.outgoing.owner !== open.outgoing.owner) return undefined
      newest = open
    }
    return newest?.sink
  }

  /** Fails everything in flight. */
  broken(error: GatewayError): void {
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const { sink } of open) sink.failure({ kind: 'broken', error })
  }
}
