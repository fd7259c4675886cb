import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { TransportError } from './transport-error.ts'

export interface ExchangeRequest {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
  /** Called when the first byte is about to be written: from here on the gateway may have seen the request. */
  readonly onStart?: () => void
  /** A reply that is silent for this long counts as broken. 0 waits for ever. */
  readonly maxSilenceMs: number
}

export interface Reply {
  readonly status: number
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Breaking off early closes the connection. Failures arrive as TransportError. */
  readonly body: Readable
}

/**
 * Sends one request and resolves with the head of its reply. Never follows a redirect, never sends twice.
 * Rejects with TransportError, whose `sent` is exact: undici announces a request before writing its first byte.
 */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const handler = new ReplyHandler(request, resolve, reject)
    if (request.signal?.aborted) return
    dispatcher.dispatch(
      {
        origin: request.origin,
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        headersTimeout: request.maxSilenceMs,
        bodyTimeout: request.maxSilenceMs,
      },
      handler,
    )
  })
}

class ReplyHandler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined
  readonly #onStart: (() => void) | undefined
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: TransportError) => void
  #controller: Dispatcher.DispatchController | undefined
  #body: Readable | undefined

  constructor(
    { signal, onStart }: ExchangeRequest,
    resolve: (reply: Reply) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#signal = signal
    this.#onStart = onStart
    this.#resolve = resolve
    this.#reject = reject
    signal?.addEventListener('abort', this.#abort, { once: true })
    if (signal?.aborted) this.#abort()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal?.aborted) this.#abort()
    else this.#onStart?.()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (!this.#body?.readableEnded) controller.abort(error ?? new Error('The reply is no longer wanted.'))
        done(error)
      },
    })
    // An aborted reply may fail when nobody reads it any more; that is not a crash.
    this.#body.on('error', () => undefined)
    this.#resolve({ status, headers: firstValues(headers), body: this.#body })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#forgetSignal()
    this.#body?.push(null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#forgetSignal()
    const failure = new TransportError(this.#controller !== undefined, error)
    if (this.#body === undefined) this.#reject(failure)
    else this.#body.destroy(failure)
  }

  readonly #abort = (): void => {
    const reason = new Error('The request was cancelled.')
    this.#controller?.abort(reason)
    this.#reject(new TransportError(this.#controller !== undefined, reason))
  }

  #forgetSignal(): void {
    this.#signal?.removeEventListener('abort', this.#abort)
  }
}

function firstValues(headers: Record<string, string | string[] | undefined>): Reply['headers'] {
  const entries = Object.entries(headers)
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]))
}
