import type { GatewayError } from '../model/error.ts'
import type { RpcNotification, RpcRequest } from '../protocol/message.ts'
import type { Reply } from '../protocol/reply-bytes.ts'

/** Why a request has no reply. */
export interface ChannelFailure {
  /**
   * `never-sent`: the server has not seen it. `session-lost`: the server refused it because it forgot the session.
   * `status`: it answered with an HTTP error. `broken`: nobody knows how far it got.
   */
  kind: 'never-sent' | 'session-lost' | 'status' | 'broken'
  error: GatewayError
  status?: number
  /** Of the login that the request was sent with, where there was one. */
  credentialVersion?: number
  /** The JSON-RPC error code inside an HTTP error, where there was one. */
  rpcCode?: number
}

/** What the server says on behalf of one request: any number of messages, then exactly one of `reply` and `failure`. */
export interface RequestSink {
  notification(message: RpcNotification): void
  request(message: RpcRequest): void
  reply(reply: Reply): void
  failure(failure: ChannelFailure): void
}

/** What the server says on its own. */
export interface UnsolicitedSink {
  notification(message: RpcNotification): void
  request(message: RpcRequest): void
  /** The channel broke; every request in flight has failed. Not called after `close`. */
  closed(error: GatewayError): void
}

export interface OutgoingRequest {
  id: number
  method: string
  body: string
  /** Headers beside those the channel sets itself. */
  headers?: Record<string, string>
  /** Whoever this request belongs to: what a server says on a shared stream is only told to one owner. */
  owner: string
}

/** Carries JSON-RPC messages to one server. */
export interface Channel {
  /** Returns a function that gives the request up: nothing more is told, and over HTTP its stream is closed. */
  request(outgoing: OutgoingRequest, sink: RequestSink): () => void
  /** Sends a notification or a response. A failure is not told: the server will notice. */
  send(body: string): void
  /** Called once the handshake of a legacy session is done. */
  established(revision: string): void
  close(): Promise<void>
}
