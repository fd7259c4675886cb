import { StringDecoder } from 'node:string_decoder'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../model/error.ts'

type Controller = Dispatcher.DispatchController
type Headers = Record<string, string | string[] | undefined>

export interface HttpExchangeSink {
  /** Called right before the bytes leave; an error thrown here means nothing was sent. */
  starting?(): void
  head?(status: number, headers: Headers): void
  /** One whole body, or the data of one server-sent event. */
  message(raw: Buffer, event: EventSourceMessage | undefined): void
  /** The answer is complete. `body` is the beginning of an error's body. */
  done(status: number, headers: Headers, body: Buffer): void
  failed(error: Error): void
}

const EMPTY = Buffer.alloc(0)
/** What one read brings at most: a shorter body comes in one piece and is used as it came. */
const CHUNK_BYTES = 65_536
/** More room is not made on a server's word alone. */
const MAX_ROOM_BYTES = 1_048_576

/** One HTTP request to a server, whose answer is a JSON body or an event stream. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #sink: HttpExchangeSink
  readonly #maxBytes: number
  #controller: Controller | undefined
  #abortedBy: Error | undefined
  #status = 0
  #headers: Headers = {}
  #chunks: Buffer[] = []
  /** Room for a whole body whose length was announced: its chunks need not be kept until the end. */
  #room: Buffer | undefined
  #received = 0
  #events: EventSourceParser | undefined
  #decoder: StringDecoder | undefined

  constructor(sink: HttpExchangeSink, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  /** Ends the exchange: nothing more is told but `failed` with this reason, if the answer was not complete. */
  abort(reason: Error): void {
    this.#abortedBy = reason
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#abortedBy) return controller.abort(this.#abortedBy)
    try {
      this.#sink.starting?.()
    } catch (error) {
      // The sink throws errors only.
      controller.abort(error as Error)
    }
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    this.#status = status
    this.#headers = headers
    this.#sink.head?.(status, headers)
    if (status === 200 && contentType(headers).startsWith('text/event-stream')) return this.#openEvents()
    const announced = Number(headers['content-length'])
    if (announced > CHUNK_BYTES && announced <= MAX_ROOM_BYTES) this.#room = Buffer.allocUnsafeSlow(announced)
  }

  #openEvents(): void {
    this.#decoder = new StringDecoder('utf8')
    this.#events = createParser({
      maxBufferSize: this.#maxBytes,
      onEvent: (event) => this.#sink.message(Buffer.from(event.data), event),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.abort(this.#tooLarge())
      },
    })
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#events) return this.#events.feed(this.#decoder?.write(chunk) ?? '')
    this.#received += chunk.length
    if (this.#received > this.#maxBytes) return this.abort(this.#tooLarge())
    if (this.#room === undefined) this.#chunks.push(chunk)
    else chunk.copy(this.#room, this.#received - chunk.length)
  }

  #body(): Buffer {
    // A server's word for the length counts only once that much has come.
    if (this.#room !== undefined) return this.#room.subarray(0, this.#received)
    return this.#chunks.length === 1 ? (this.#chunks[0] ?? EMPTY) : Buffer.concat(this.#chunks)
  }

  onResponseEnd(): void {
    const body = this.#body()
    const isMessage = this.#events === undefined && body.length > 0 && isJson(this.#headers)
    if (isMessage) this.#sink.message(body, undefined)
    this.#sink.done(this.#status, this.#headers, isMessage ? EMPTY : body)
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#sink.failed(this.#abortedBy ?? error)
  }

  #tooLarge(): GatewayError {
    return new GatewayError('too_large', `The server's answer is larger than ${this.#maxBytes} bytes.`, {
      fix: 'Ask the tool for less, for example with a filter or a page size.',
    })
  }
}

function isJson(headers: Headers): boolean {
  return contentType(headers).includes('json')
}

/** Names of media types are the same in upper and lower case. */
function contentType(headers: Headers): string {
  return String(headers['content-type']).toLowerCase()
}
