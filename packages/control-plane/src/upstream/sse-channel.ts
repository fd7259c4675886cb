import type { EventSourceMessage } from 'eventsource-parser'
import type { Pool } from 'undici'
import type { OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { Channel, OutgoingRequest, RequestSink } from './channel.ts'
import { scrubbed, withCredential } from './credential-source.ts'
import { type HttpChannelOptions, loginOf } from './http-channel.ts'
import { describeConnectionError, neverConnected } from './http-client.ts'
import { HttpExchange } from './http-exchange.ts'
import { failureOfStatus, type StatusAnswer } from './http-status.ts'
import { StreamCorrelation } from './stream-correlation.ts'

const GIVEN_UP = new Error('The connection was given up.')

/**
 * HTTP+SSE of revision 2024-11-05: one stream on which everything arrives, and an endpoint named on it to which
 * messages are posted. The endpoint must be on the stream's own origin: otherwise a server could have the
 * credential sent elsewhere.
 */
export class SseChannel implements Channel {
  readonly #options: HttpChannelOptions
  readonly #correlation: StreamCorrelation
  readonly #credential: OpenCredential | undefined
  readonly #pool: Pool
  #stream: HttpExchange | undefined
  #endpoint = ''
  #closed = false

  private constructor(options: HttpChannelOptions, credential: OpenCredential | undefined) {
    this.#options = options
    this.#pool = options.pool
    this.#credential = credential
    this.#correlation = new StreamCorrelation(options.unsolicited, options.replies.json)
  }

  /** Opens the stream and waits for the endpoint. Rejects with GatewayError. */
  static async open(options: HttpChannelOptions, timeoutMs: number): Promise<SseChannel> {
    const known = options.credentials.peek()
    const channel = new SseChannel(options, known === 'unknown' ? await options.credentials.load() : known)
    await channel.#open(timeoutMs)
    return channel
  }

  #open(timeoutMs: number): Promise<void> {
    // Throws where a value is missing: before anything waits for an answer.
    const headers = { ...this.#headers(this.#credential), accept: 'text/event-stream' }
    return new Promise((resolve, reject) => {
      let failed = false
      const fail = (error: GatewayError) => {
        if (failed) return
        failed = true
        clearTimeout(timer)
        reject(error)
        this.#broken(error)
        this.#stream?.abort(GIVEN_UP)
      }
      const timer = setTimeout(
        () =>
          fail(
            new GatewayError('upstream_timeout', `${this.#where()} did not open its event stream in time.`),
          ),
        timeoutMs,
      )
      const opened = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#stream = this.#get(headers, opened, fail)
    })
  }

  #get(
    headers: Record<string, string>,
    opened: () => void,
    fail: (error: GatewayError) => void,
  ): HttpExchange {
    const exchange = new HttpExchange(
      {
        message: (raw, event) => {
          if (event === undefined) return
          if (event.event === 'endpoint') return this.#learnEndpoint(event, opened, fail)
          this.#receive(scrubbed(raw, this.#credential, this.#options.credentials))
        },
        done: (status, answered) => fail(this.#ended(status, answered)),
        failed: (error) => fail(describeConnectionError(error, this.#where())),
      },
      this.#options.replies,
    )
    const { pathname, search } = this.#options.url
    this.#pool.dispatch({ path: pathname + search, method: 'GET', headers }, exchange)
    return exchange
  }

  #ended(status: number, headers: StatusAnswer['headers'] = {}): GatewayError {
    const login = loginOf(this.#options, this.#credential)
    if (status !== 200) return failureOfStatus({ status, headers, where: this.#where(), ...login }).error
    return new GatewayError('upstream_unavailable', `${this.#where()} ended its event stream.`, {
      fix: 'Try again.',
    })
  }

  #learnEndpoint(event: EventSourceMessage, opened: () => void, fail: (error: GatewayError) => void): void {
    const endpoint = URL.parse(event.data, this.#options.url.href)
    if (endpoint?.origin !== this.#options.url.origin) {
      const message = `${this.#where()} wants messages to be sent to another origin.`
      return fail(
        new GatewayError('upstream_invalid', message, { fix: "Ask the server's operator to correct it." }),
      )
    }
    this.#endpoint = endpoint.pathname + endpoint.search
    opened()
  }

  #receive(raw: Buffer): void {
    try {
      this.#correlation.receive(raw)
    } catch {
      // What is not a message is for nobody. A request it might have answered, under an id that does not show, runs
      // into its time limit.
    }
  }

  request(outgoing: OutgoingRequest, sink: RequestSink): () => void {
    this.#correlation.opened(outgoing, sink)
    this.#post(outgoing.body, (failure) => {
      // It may have been answered on the stream, or given up, before its POST failed.
      if (this.#correlation.givenUp(outgoing.id)) sink.failure(failure)
    })
    return () => void this.#correlation.givenUp(outgoing.id)
  }

  send(body: string): void {
    this.#post(body, () => {})
  }

  #post(body: string, fail: (failure: Parameters<RequestSink['failure']>[0]) => void): void {
    let sentWith: OpenCredential | undefined
    const exchange = new HttpExchange(
      {
        message: () => {},
        done: (status, answered) => {
          if (status >= 200 && status <= 299) return
          const login = loginOf(this.#options, sentWith)
          fail(failureOfStatus({ status, headers: answered, where: this.#where(), ...login }))
        },
        failed: (error) => {
          const kind = neverConnected(error) ? 'never-sent' : 'broken'
          fail({ kind, error: describeConnectionError(error, this.#where()) })
        },
      },
      { ...this.#options.replies, maxBytes: 65_536 },
    )
    // The newest credential, not the stream's: a rotated one must not be sent again.
    withCredential(
      this.#options.credentials,
      (credential) => {
        sentWith = credential
        const headers = { ...this.#headers(credential), 'content-type': 'application/json' }
        this.#pool.dispatch({ path: this.#endpoint, method: 'POST', headers, body }, exchange)
      },
      (error) => fail({ kind: 'never-sent', error }),
    )
  }

  #headers(credential: OpenCredential | undefined): Record<string, string> {
    return { ...this.#options.fillHeaders(credential), 'mcpgw-hops': this.#options.hops() }
  }

  established(): void {}

  #broken(error: GatewayError): void {
    this.#correlation.broken(error)
    if (!this.#closed) this.#options.unsolicited.closed(error)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stream?.abort(GIVEN_UP)
  }

  #where(): string {
    return this.#options.url.origin
  }
}
