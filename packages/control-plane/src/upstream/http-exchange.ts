import { StringDecoder } from 'node:string_decoder'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import type { Dispatcher } from 'undici'
import { LARGE_BYTES } from '../model/byte-budget.ts'
import { GatewayError } from '../model/error.ts'
import { raiseLimit } from '../model/limits.ts'
import type { ReplyRoom } from './reply-room.ts'

type Controller = Dispatcher.DispatchController
type Room = Pick<ReplyRoom, 'maxBytes' | 'large'>
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
/** A large answer is counted again when it is written to its client, after its row in the log: not in between. */
const UNTIL_HANDED_ON_MS = 200
/** What one read brings at most: a shorter body comes in one piece and is used as it came. */
const CHUNK_BYTES = 65_536

/** One HTTP request to a server, whose answer is a JSON body or an event stream. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #sink: HttpExchangeSink
  readonly #room: Room
  #controller: Controller | undefined
  #abortedBy: Error | undefined
  #status = 0
  #headers: Headers = {}
  #chunks: Buffer[] = []
  /** A whole body whose length was announced: its chunks need not be kept until the end. */
  #whole: Buffer | undefined
  /** Bytes of the body, or of the event that is coming in. */
  #received = 0
  #counted = 0
  #announced = 0
  #events: EventSourceParser | undefined
  #decoder: StringDecoder | undefined

  constructor(sink: HttpExchangeSink, room: Room) {
    this.#sink = sink
    this.#room = room
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
    if (status === 200 && isEncoded(headers)) return this.abort(encoded())
    if (status === 200 && contentType(headers).startsWith('text/event-stream')) return this.#openEvents()
    this.#announced = Number(headers['content-length']) || 0
    if (this.#announced > this.#room.maxBytes && status === 200) return this.abort(this.#tooLarge())
    if (this.#announced > CHUNK_BYTES && this.#announced <= LARGE_BYTES) this.#makeRoom()
  }

  #makeRoom(): void {
    const whole = Buffer.allocUnsafeSlow(this.#announced)
    let at = 0
    for (const chunk of this.#chunks) at += chunk.copy(whole, at)
    this.#chunks = []
    this.#whole = whole
  }

  #openEvents(): void {
    this.#decoder = new StringDecoder('utf8')
    this.#events = createParser({
      maxBufferSize: this.#room.maxBytes,
      onEvent: (event) => {
        this.#forget()
        this.#sink.message(Buffer.from(event.data), event)
      },
      onComment: () => this.#forget(),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.abort(this.#tooLarge())
      },
    })
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#received += chunk.length
    if (this.#events) this.#events.feed(this.#decoder?.write(chunk) ?? '')
    else if (this.#received > this.#room.maxBytes) return this.abort(this.#tooLarge())
    if (this.#received > LARGE_BYTES && !this.#count()) return this.abort(noRoom())
    if (this.#events) return
    // Beyond this a server's word for the length has some truth in it, and joining the pieces at the end would take twice the room.
    if (this.#whole === undefined && this.#received > LARGE_BYTES && this.#received <= this.#announced)
      this.#makeRoom()
    if (this.#whole === undefined) this.#chunks.push(chunk)
    else chunk.copy(this.#whole, this.#received - chunk.length)
  }

  /** Counts a large reply where all of them are counted; false when there is no room for more. */
  #count(): boolean {
    const more = Math.max(this.#received, this.#announced) - this.#counted
    if (more <= 0) return true
    if (!this.#room.large.hasRoom(more)) return false
    this.#room.large.take(more)
    this.#counted += more
    return true
  }

  /** An event, or a sign of life, is over. */
  #forget(): void {
    this.#giveBack()
    this.#received = 0
  }

  #giveBack(): void {
    this.#room.large.giveBack(this.#counted)
    this.#counted = 0
  }

  #body(): Buffer {
    // A server's word for the length counts only once that much has come.
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#received)
    return this.#chunks.length === 1 ? (this.#chunks[0] ?? EMPTY) : Buffer.concat(this.#chunks)
  }

  onResponseEnd(): void {
    const body = this.#body()
    const isMessage =
      this.#events === undefined && body.length > 0 && isJson(this.#headers) && !isEncoded(this.#headers)
    if (isMessage) this.#sink.message(body, undefined)
    this.#sink.done(this.#status, this.#headers, isMessage ? EMPTY : body)
    if (this.#counted > 0) setTimeout(() => this.#giveBack(), UNTIL_HANDED_ON_MS).unref()
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#giveBack()
    this.#chunks = []
    this.#sink.failed(this.#abortedBy ?? error)
  }

  #tooLarge(): GatewayError {
    return new GatewayError('too_large', `The server's answer is larger than ${this.#room.maxBytes} bytes.`, {
      fix: `Ask the tool for less, for example with a filter or a page size. ${raiseLimit('reply-bytes')}`,
    })
  }
}

function noRoom(): GatewayError {
  return new GatewayError('too_large', 'Too many large answers are on their way at once for another one.', {
    fix: `The call may have been carried out. Ask for less, or later. ${raiseLimit('unread-bytes')}`,
  })
}

/** A few kilobytes may decode to many gigabytes, and encodings may be nested without end. */
function isEncoded(headers: Headers): boolean {
  const encoding = headers['content-encoding']
  return encoding !== undefined && String(encoding).toLowerCase() !== 'identity'
}

function encoded(): GatewayError {
  const message = "The server's answer is compressed, which it was not asked to do, and is not read."
  return new GatewayError('upstream_invalid', message, {
    fix: 'Switch compression off in front of the server.',
  })
}

function isJson(headers: Headers): boolean {
  return contentType(headers).includes('json')
}

/** Names of media types are the same in upper and lower case. */
function contentType(headers: Headers): string {
  return String(headers['content-type']).toLowerCase()
}
