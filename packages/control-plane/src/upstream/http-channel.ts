import type { EventSourceMessage } from 'eventsource-parser'
import type { Pool } from 'undici'
import type { OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { JsonLimits } from '../protocol/json.ts'
import { type Incoming, readIncoming } from '../protocol/reply-bytes.ts'
import type { Channel, ChannelFailure, OutgoingRequest, RequestSink, UnsolicitedSink } from './channel.ts'
import { type CredentialSource, scrubbed, withCredential } from './credential-source.ts'
import { describeConnectionError, neverConnected } from './http-client.ts'
import { HttpExchange } from './http-exchange.ts'
import { failureOfStatus, type StatusAnswer } from './http-status.ts'
import type { ReplyRoom } from './reply-room.ts'

export interface HttpChannelOptions {
  url: URL
  pool: Pool
  credentials: CredentialSource
  fillHeaders: (credential: OpenCredential | undefined) => Record<string, string>
  /** Whether requests carry the access token of a login. */
  wantsLogin: boolean
  unsolicited: UnsolicitedSink
  replies: ReplyRoom
  hops(): string
}

/** A change of credential between asking the vault and writing to the socket: nothing was sent, ask again. */
const STALE_CREDENTIAL = new Error('The credential has changed.')
const GIVEN_UP = new Error('The request was given up.')

const RESUME_MS = 1_000
/** A server has this long to end a stream on which it has answered, before we do. */
const LINGER_MS = 2_000

/** How long to wait before the standalone stream is opened again, at first and at most. */
const REOPEN_MS = { first: 500, most: 30_000 }

/** Streamable HTTP, sessions of legacy revisions and requests of modern ones alike. */
export class HttpChannel implements Channel {
  readonly #options: HttpChannelOptions
  readonly #path: string
  #sessionId: string | undefined
  #revision: string | undefined
  #stream: HttpExchange | undefined
  #reopenTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: HttpChannelOptions) {
    this.#options = options
    this.#path = options.url.pathname + options.url.search
  }

  request(outgoing: OutgoingRequest, sink: RequestSink): () => void {
    const state = new OpenRequest(outgoing, sink, this.#options.replies.json)
    this.#withCredential(
      (credential) => this.#dispatchRequest(state, credential),
      (error) => state.fail({ kind: 'never-sent', error }),
    )
    return () => state.giveUp()
  }

  #dispatchRequest(state: OpenRequest, credential: OpenCredential | undefined): void {
    if (state.settled) return
    const { outgoing } = state
    const hadSession = this.#sessionId !== undefined
    const exchange = new HttpExchange(
      {
        starting: () => this.#requireCurrent(credential),
        head: (_status, headers) => this.#rememberSession(outgoing, headers),
        message: (raw, event) => state.receive(scrubbed(raw, credential, this.#options.credentials), event),
        done: (status, answered) => {
          state.streamEnded()
          if (state.settled) return
          if (status === 200 && state.lastEventId !== undefined) return this.#resume(state)
          const { rpcCode } = state
          const login = loginOf(this.#options, credential)
          state.fail(
            failureOfStatus({
              status,
              headers: answered,
              hadSession,
              where: this.#where(),
              rpcCode,
              ...login,
            }),
          )
        },
        failed: (error) => {
          state.streamEnded()
          if (error === STALE_CREDENTIAL) return this.#retryWithCredential(state)
          const kind = neverConnected(error) ? 'never-sent' : 'broken'
          state.fail({ kind, error: describeConnectionError(error, this.#where()) })
        },
      },
      this.#options.replies,
    )
    state.exchange = exchange
    const headers = this.#headers(credential, outgoing.headers)
    headers['content-type'] = 'application/json'
    this.#options.pool.dispatch({ path: this.#path, method: 'POST', headers, body: outgoing.body }, exchange)
  }

  #retryWithCredential(state: OpenRequest): void {
    this.#withCredential(
      (credential) => this.#dispatchRequest(state, credential),
      (error) => state.fail({ kind: 'never-sent', error }),
    )
  }

  /** A legacy server may close a request's stream and let us fetch the rest (SSE polling, revision 2025-11-25). */
  #resume(state: OpenRequest): void {
    const lastEventId = state.lastEventId ?? ''
    state.lastEventId = undefined
    const endedEarly = () => {
      const error = new GatewayError('upstream_unavailable', `${this.#where()} ended its answer early.`)
      state.fail({ kind: 'broken', error })
    }
    // With the credential of now: the call may have begun long ago.
    const resume = (credential: OpenCredential | undefined) => {
      if (state.settled) return
      state.exchange = this.#get(credential, lastEventId, {
        message: (raw, event) => state.receive(raw, event),
        ended: (status) => {
          state.streamEnded()
          if (state.settled) return
          if (status === 200 && state.lastEventId !== undefined) return this.#resume(state)
          endedEarly()
        },
        stale: () => this.#withCredential(resume, endedEarly),
      })
    }
    setTimeout(() => this.#withCredential(resume, endedEarly), RESUME_MS).unref()
  }

  send(body: string): void {
    this.#withCredential(
      (credential) => {
        const ignore = () => {}
        const failed = (error: Error) => {
          // An answer that a server waits for must not be lost.
          if (error === STALE_CREDENTIAL) this.send(body)
        }
        const exchange = new HttpExchange(
          { starting: () => this.#requireCurrent(credential), message: ignore, done: ignore, failed },
          this.#options.replies,
        )
        const headers = this.#headers(credential)
        headers['content-type'] = 'application/json'
        this.#options.pool.dispatch({ path: this.#path, method: 'POST', headers, body }, exchange)
      },
      () => {},
    )
  }

  established(revision: string): void {
    this.#revision = revision
    this.#openStream(REOPEN_MS.first, undefined)
  }

  /** The standalone stream on which a legacy server speaks without being asked; a server without one says 405. */
  #openStream(waitMs: number, lastEventId: string | undefined): void {
    if (this.#closed) return
    this.#withCredential(
      (credential) => {
        if (this.#closed) return
        let last = lastEventId
        let heard = false
        this.#stream = this.#get(credential, lastEventId, {
          message: (raw, event) => {
            heard ||= event !== undefined
            last = event?.id ?? last
            for (const incoming of readLeniently(raw, this.#options.replies.json))
              tellUnsolicited(incoming, this.#options.unsolicited)
          },
          ended: (status) => {
            if (status >= 400 && status < 500) return
            // What answers 200 and says nothing may be a web page.
            const next = status === 200 && heard ? REOPEN_MS.first : Math.min(waitMs * 2, REOPEN_MS.most)
            this.#reopenTimer = setTimeout(() => this.#openStream(next, last), next * (0.5 + Math.random()))
            this.#reopenTimer.unref()
          },
        })
      },
      () => {},
    )
  }

  #get(
    credential: OpenCredential | undefined,
    lastEventId: string | undefined,
    sink: {
      message(raw: Buffer, event: EventSourceMessage | undefined): void
      ended(status: number): void
      /** The credential has changed: nothing was sent. Absent: that is an end like any other. */
      stale?(): void
    },
  ): HttpExchange {
    const exchange = new HttpExchange(
      {
        starting: () => this.#requireCurrent(credential),
        message: (raw, event) => sink.message(scrubbed(raw, credential, this.#options.credentials), event),
        done: (status) => sink.ended(status),
        failed: (error) => {
          if (error === STALE_CREDENTIAL && sink.stale !== undefined) sink.stale()
          else if (!this.#closed) sink.ended(0)
        },
      },
      this.#options.replies,
    )
    const headers = this.#headers(
      credential,
      lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    )
    headers.accept = 'text/event-stream'
    this.#options.pool.dispatch({ path: this.#path, method: 'GET', headers }, exchange)
    return exchange
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reopenTimer)
    this.#stream?.abort(GIVEN_UP)
    if (this.#sessionId !== undefined) await this.#endSession()
  }

  /** Tells the server that the session is over; it may not listen, so nobody waits for long. */
  #endSession(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1_000)
      const finish = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#withCredential((credential) => {
        const sink = {
          starting: () => this.#requireCurrent(credential),
          message: () => {},
          done: finish,
          failed: finish,
        }
        const headers = this.#headers(credential)
        this.#options.pool.dispatch(
          { path: this.#path, method: 'DELETE', headers },
          new HttpExchange(sink, { ...this.#options.replies, maxBytes: 65_536 }),
        )
      }, finish)
    })
  }

  #headers(
    credential: OpenCredential | undefined,
    more: Record<string, string> = {},
  ): Record<string, string> {
    const headers: Record<string, string> = {
      accept: 'application/json, text/event-stream',
      // What is not compressed cannot grow while it is read.
      'accept-encoding': 'identity',
      ...this.#options.fillHeaders(credential),
      ...more,
      'mcpgw-hops': this.#options.hops(),
    }
    if (this.#sessionId !== undefined) headers['mcp-session-id'] = this.#sessionId
    if (this.#revision !== undefined) headers['mcp-protocol-version'] = this.#revision
    return headers
  }

  #withCredential(
    use: (credential: OpenCredential | undefined) => void,
    fail: (error: GatewayError) => void,
  ): void {
    withCredential(this.#options.credentials, use, fail)
  }

  /** Rotation promises that no byte leaves with an old value once the new one is stored. */
  #requireCurrent(credential: OpenCredential | undefined): void {
    if (this.#options.credentials.peek() !== credential) throw STALE_CREDENTIAL
  }

  #rememberSession(
    { method }: OutgoingRequest,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    const sessionId = headers['mcp-session-id']
    if (method === 'initialize' && typeof sessionId === 'string') this.#sessionId = sessionId
  }

  #where(): string {
    return this.#options.url.origin
  }
}

/** What a refusal with an access token says about a login. */
export function loginOf(
  { wantsLogin }: Pick<HttpChannelOptions, 'wantsLogin'>,
  credential: OpenCredential | undefined,
): Pick<StatusAnswer, 'login'> {
  return wantsLogin ? { login: { credentialVersion: credential?.version } } : {}
}

/** One request on its way, over as many HTTP exchanges as it takes. */
class OpenRequest {
  readonly outgoing: OutgoingRequest
  readonly #sink: RequestSink
  readonly #limits: JsonLimits
  exchange: HttpExchange | undefined
  lastEventId: string | undefined
  rpcCode: number | undefined
  settled = false
  #lingering: NodeJS.Timeout | undefined

  constructor(outgoing: OutgoingRequest, sink: RequestSink, limits: JsonLimits) {
    this.outgoing = outgoing
    this.#limits = limits
    this.#sink = sink
  }

  receive(raw: Buffer, event: EventSourceMessage | undefined): void {
    if (this.settled) return
    if (event?.id !== undefined) this.lastEventId = event.id
    if (event !== undefined && (event.data === '' || (event.event ?? 'message') !== 'message')) return
    const messages = event === undefined ? this.#readBody(raw) : this.#readEvent(raw)
    for (const incoming of messages) if (!this.settled) this.#tell(incoming)
    // Aborting at once would cost the connection, which nearly every server gives back right after its answer.
    if (this.settled && event !== undefined)
      this.#lingering = setTimeout(() => this.exchange?.abort(GIVEN_UP), LINGER_MS).unref()
  }

  /** An error's body need not be a message for this request; its code still tells something. */
  #readBody(raw: Buffer): Incoming[] {
    try {
      return readIncoming(raw, this.#limits)
    } catch (error) {
      this.rpcCode = rpcCodeIn(raw)
      this.#failIfTooLarge(error)
      return []
    }
  }

  #readEvent(raw: Buffer): Incoming[] {
    try {
      return readIncoming(raw, this.#limits)
    } catch (error) {
      this.#failIfTooLarge(error)
      return []
    }
  }

  /** What is not even parsed may have been the answer: nobody should wait for another one. */
  #failIfTooLarge(error: unknown): void {
    if (error instanceof GatewayError && error.code === 'too_large') this.fail({ kind: 'broken', error })
  }

  #tell(incoming: Incoming): void {
    if (incoming.kind === 'notification') return this.#sink.notification(incoming.message)
    if (incoming.kind === 'request') return this.#sink.request(incoming.message)
    if (incoming.reply.id !== this.outgoing.id) return
    this.settled = true
    this.#sink.reply(incoming.reply)
  }

  fail(failure: ChannelFailure): void {
    if (this.settled) return
    this.settled = true
    this.#sink.failure(failure)
  }

  streamEnded(): void {
    clearTimeout(this.#lingering)
  }

  giveUp(): void {
    this.settled = true
    this.exchange?.abort(GIVEN_UP)
  }
}

function readLeniently(raw: Buffer, limits: JsonLimits): Incoming[] {
  try {
    return readIncoming(raw, limits)
  } catch {
    return []
  }
}

function rpcCodeIn(raw: Buffer): number | undefined {
  const match = /"code"\s*:\s*(-?\d{1,6})/.exec(raw.toString('utf8', 0, 4_096))
  return match ? Number(match[1]) : undefined
}

function tellUnsolicited(incoming: Incoming, sink: UnsolicitedSink): void {
  if (incoming.kind === 'notification') sink.notification(incoming.message)
  if (incoming.kind === 'request') sink.request(incoming.message)
}
