import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../../gateway/caller.ts'
import type { RpcNotification, RpcRequest } from '../../protocol/message.ts'
import { inOnePiece } from '../../protocol/reply-bytes.ts'
import { RPC } from '../../protocol/rpc-error.ts'
import { ANSWER_HEADERS } from '../workspace-door/answer-headers.ts'
import { openEventStream, writeEvent } from '../workspace-door/event-stream.ts'
import { sendJson } from '../workspace-door/send-json.ts'
import type { SlowReaders } from '../workspace-door/slow-readers.ts'

/** HTTP statuses that revision 2026-07-28 gives to errors; legacy errors travel in a 200. */
const MODERN_STATUS: Record<number, number> = {
  [RPC.methodNotFound]: 404,
  [RPC.headerMismatch]: 400,
  [RPC.missingClientCapability]: 400,
  [RPC.unsupportedProtocolVersion]: 400,
}

/**
 * The response to one POST: plain JSON when there is nothing but the answer, an event stream as soon as something
 * comes before it.
 */
export class Responder {
  readonly #response: ServerResponse
  readonly #takesEvents: boolean
  readonly #prefersEvents: boolean
  readonly #onStream: () => void
  readonly #readers: SlowReaders
  #streaming = false

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    readers: SlowReaders,
    onStream: () => void,
  ) {
    this.#response = response
    this.#readers = readers
    this.#onStream = onStream
    const accept = request.headers.accept ?? '*/*'
    this.#takesEvents = accept.includes('text/event-stream') || accept.includes('*/*')
    this.#prefersEvents = prefersEvents(accept)
  }

  get takesEvents(): boolean {
    return this.#takesEvents
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded
  }

  /** Calls back once when the client can hear nothing more; returns a function that takes that back. */
  onClose(listener: () => void): () => void {
    this.#response.once('close', listener)
    return () => this.#response.off('close', listener)
  }

  /** Sends a message before the answer; dropped where the client takes no events. */
  send(message: RpcNotification | RpcRequest): void {
    if (!this.#takesEvents || this.closed) return
    this.stream()
    writeEvent(this.#response, Buffer.from(JSON.stringify(message)))
  }

  stream(): void {
    if (this.#streaming) return
    this.#streaming = true
    openEventStream(this.#response, this.#readers)
    this.#onStream()
  }

  answer({ bytes, errorCode, refused }: Answer, era: 'modern' | 'legacy'): void {
    if (this.closed) return
    if (!this.#streaming && this.#prefersEvents) this.stream()
    if (this.#streaming) {
      writeEvent(this.#response, inOnePiece(bytes))
      this.#response.end()
      return this.#readers.watch(this.#response)
    }
    if (refused !== undefined) {
      const headers = { 'retry-after': String(refused.retryAfterSeconds) }
      return sendJson(this.#response, refused.status, bytes, headers)
    }
    const status = era === 'modern' && errorCode !== undefined ? (MODERN_STATUS[errorCode] ?? 200) : 200
    sendJson(this.#response, status, bytes)
    this.#readers.watch(this.#response)
  }

  /** Ends without an answer: the client gave the request up and expects none. */
  end(): void {
    if (this.closed) return
    if (!this.#streaming && this.#takesEvents) this.stream()
    if (!this.#streaming) this.#response.writeHead(202, ANSWER_HEADERS)
    this.#response.end()
  }
}

/** Both types are to be accepted; the one named first is the one the client would rather have. */
function prefersEvents(accept: string): boolean {
  const events = accept.indexOf('text/event-stream')
  if (events === -1) return false
  const json = accept.search(/json|\*\/\*/)
  return json === -1 || events < json
}
