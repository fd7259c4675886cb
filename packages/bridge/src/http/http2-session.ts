import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import type { Lane } from './carrier.ts'
import type { Connection } from './connector.ts'
import type { ExchangeRequest, Reply } from './exchange.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { TransportError } from './transport-error.ts'

// What a stream may send before it is read. At Node's 64 KB a large reply from far away would come slower than over HTTP/1.1.
const streamWindowBytes = 1024 * 1024
const sessionWindowBytes = 4 * streamWindowBytes
// Node counts the bodies under way; at its 10 MB some large calls at once would be refused.
const maxSessionMemoryMb = 1024

/** One HTTP/2 session on a connection, and the requests under way on it. */
export class Http2Session {
  /** Resolves when nothing is left of it. */
  readonly closed: Promise<void>
  readonly #origin: URL
  readonly #session: ClientHttp2Session
  readonly #underWay = new Map<Http2Exchange, Lane>()
  readonly #onChange: () => void
  #maxStreams = 1
  #isGreeted = false
  #lastStreamId = Number.POSITIVE_INFINITY

  /** `onChange` is called whenever there may be room again. */
  constructor(options: { origin: string; connection: Connection; onChange: () => void }) {
    this.#origin = new URL(options.origin)
    this.#onChange = options.onChange
    this.#session = connect(options.origin, {
      createConnection: () => options.connection,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
      maxSessionMemory: maxSessionMemoryMb,
    })
    this.closed = new Promise((resolve) => this.#session.once('close', resolve))
    this.#session.on('connect', () => this.#session.setLocalWindowSize(sessionWindowBytes))
    this.#session.on('remoteSettings', ({ maxConcurrentStreams = Number.POSITIVE_INFINITY }) => {
      this.#isGreeted = true
      // A gateway that allows none at the moment refuses the one, unseen, which is then sent again later.
      this.#maxStreams = Math.max(1, maxConcurrentStreams)
      this.#onChange()
    })
    this.#session.on('goaway', (_code, lastStreamId) => {
      this.#lastStreamId = lastStreamId
    })
    // Every stream fails with it; what the session adds is of no use to anyone.
    this.#session.on('error', () => undefined)
  }

  /** False from the moment on when no new request may be sent. */
  get isInUse(): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  /** True when the other side said how many requests at once it takes. Until then it is one. */
  get isGreeted(): boolean {
    return this.#isGreeted
  }

  get hasRoom(): boolean {
    return this.#underWay.size < this.#maxStreams
  }

  get callsUnderWay(): number {
    return [...this.#underWay.values()].filter((lane) => lane === 'calls').length
  }

  /** Takes its place on the session at once. */
  async send(lane: Lane, request: ExchangeRequest): Promise<Reply> {
    const stream = this.#open(request)
    request.onStart?.()
    const exchange = new Http2Exchange({
      stream,
      request,
      isPromisedUnseen: () => (stream.id ?? 0) > this.#lastStreamId,
    })
    this.#underWay.set(exchange, lane)
    stream.once('close', () => {
      this.#underWay.delete(exchange)
      this.#onChange()
    })
    if (request.body !== undefined) stream.end(request.body)
    return exchange.reply
  }

  #open(request: ExchangeRequest): ClientHttp2Stream {
    try {
      request.signal?.throwIfAborted()
      return this.#session.request(this.#headersOf(request), { endStream: request.body === undefined })
    } catch (error) {
      const reason = request.signal?.aborted ? new Error('The request was cancelled.') : error
      // Node throws only Errors here.
      throw new TransportError(false, reason as Error)
    }
  }

  #headersOf({ method, path, headers, body }: ExchangeRequest): Record<string, string> {
    const { protocol, host } = this.#origin
    return {
      ...headers,
      ':method': method,
      ':scheme': protocol.slice(0, -1),
      ':authority': host,
      ':path': path,
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    }
  }

  /** Takes no more requests, breaks off what stays open, and lets calls be answered. */
  retire(reason: Error): void {
    for (const [exchange, lane] of this.#underWay) {
      if (lane === 'side') exchange.breakOff(reason)
    }
    this.#session.close()
  }

  destroy(): Promise<void> {
    this.#session.destroy()
    return this.closed
  }
}
