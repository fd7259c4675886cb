import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import { Readable } from 'node:stream'
import type { ExchangeRequest, Reply } from './exchange.ts'
import { TransportError } from './transport-error.ts'

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = constants

/** One request and its reply as a stream of an HTTP/2 session. What goes wrong with it stays within its stream. */
export class Http2Exchange {
  /** As of `exchange`. `sent` of its TransportError is false where the other side vouches for not having looked at the request. */
  readonly reply: Promise<Reply>
  readonly #stream: ClientHttp2Stream
  readonly #signal: AbortSignal | undefined
  readonly #isPromisedUnseen: () => boolean
  readonly #silence: Silence
  #reject: (error: TransportError) => void = () => undefined
  #body: Readable | undefined
  #error: Error | undefined
  #isOver = false

  constructor(options: {
    stream: ClientHttp2Stream
    request: ExchangeRequest
    /** True when the session ended with the promise not to have looked at this stream. */
    isPromisedUnseen: () => boolean
  }) {
    const { stream, request } = options
    this.#stream = stream
    this.#signal = request.signal
    this.#isPromisedUnseen = options.isPromisedUnseen
    this.#silence = watchSilence(request.maxSilenceMs, () =>
      this.breakOff(new Error('the reply fell silent')),
    )
    this.reply = new Promise((resolve, reject) => {
      this.#reject = reject
      stream.on('response', (headers) => resolve(this.#begin(headers)))
    })
    stream.on('error', (error: Error) => {
      this.#error = error
    })
    stream.on('close', () => this.#fail(this.#error ?? new Error('connection closed by the other side')))
    this.#signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** Resets the stream; the session and its other streams go on. */
  breakOff(reason: Error): void {
    this.#fail(reason)
    this.#stream.close(NGHTTP2_CANCEL)
  }

  #begin(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): Reply {
    const stream = this.#stream
    const body = new Readable({
      read: () => {
        this.#silence.heard()
        stream.resume()
      },
      destroy: (error, done) => {
        this.#forget()
        if (!body.readableEnded) stream.close(NGHTTP2_CANCEL)
        done(error)
      },
    })
    // An aborted reply may fail when nobody reads it any more; that is not a crash.
    body.on('error', () => undefined)
    this.#body = body
    this.#silence.heard()
    stream.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      this.#silence.heard()
      if (body.push(chunk)) return
      this.#silence.pause()
      stream.pause()
    })
    stream.on('end', () => this.#end())
    return { status: headers[':status'] ?? 0, headers: firstValues(headers), body }
  }

  #end(): void {
    // A reset ends what can be read as well, and is told apart by its code.
    if (this.#isOver || this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
    this.#forget()
    this.#body?.push(null)
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#forget()
    if (this.#body !== undefined) this.#body.destroy(new TransportError(true, error))
    else this.#reject(new TransportError(!this.#isUnseen(), error))
  }

  #isUnseen(): boolean {
    return this.#stream.rstCode === NGHTTP2_REFUSED_STREAM || this.#isPromisedUnseen()
  }

  readonly #abort = (): void => this.breakOff(new Error('The request was cancelled.'))

  #forget(): void {
    this.#isOver = true
    this.#silence.stop()
    this.#signal?.removeEventListener('abort', this.#abort)
  }
}

interface Silence {
  /** Something came, or is waited for anew. */
  heard(): void
  /** Nothing is waited for: whoever reads is slow. */
  pause(): void
  stop(): void
}

function watchSilence(maxSilenceMs: number, onSilence: () => void): Silence {
  let timer: NodeJS.Timeout | undefined
  const stop = () => clearTimeout(timer)
  const heard = () => {
    stop()
    if (maxSilenceMs > 0) timer = setTimeout(onSilence, maxSilenceMs).unref()
  }
  heard()
  return { heard, pause: stop, stop }
}

/** HTTP/2 of Node joins the values of a repeated header with ", " but for `set-cookie`. */
function firstValues(headers: IncomingHttpHeaders): Reply['headers'] {
  const entries = Object.entries(headers).filter(([name]) => !name.startsWith(':'))
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]))
}
