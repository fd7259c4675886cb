import type { GatewayError } from '../model/error.ts'
import type { Era, RemoteTransport } from '../model/server.ts'
import type { ClientCapabilities } from '../protocol/capabilities.ts'
import type { Params, RpcNotification, RpcRequest, RpcResponse } from '../protocol/message.ts'
import type { Identity } from '../protocol/modern-envelope.ts'
import type { Reply } from '../protocol/reply-bytes.ts'
import type { ChannelFailure } from './channel.ts'

/** What a server said of itself when it was met. */
export interface ServerIdentity {
  capabilities: Record<string, Record<string, unknown> | undefined>
  serverInfo: unknown
  instructions: string | undefined
}

/** On whose behalf a legacy session is opened. */
export interface PeerProfile {
  capabilities: ClientCapabilities
  /** `capabilityKey(capabilities)`, computed once. */
  capabilityKey: string
  /** Decide which connection is used where a server's isolation is not `shared`. */
  session: string
  member: string
}

/** The gateway itself, when it looks what there is. */
export const NOBODY: PeerProfile = { capabilities: {}, capabilityKey: '', session: '', member: '' }

export interface PeerRequest {
  method: string
  /** Already in the server's own names. */
  params: Params | undefined
  /** Whoever asks, told to modern servers with each request. */
  identity: Identity
  /** `Mcp-Param-*` and the like. */
  headers?: Record<string, string>
  owner: string
}

/** What happens while a request runs. */
export interface PeerListener {
  notification(message: RpcNotification): void
  /** A legacy server asks the client something; the answer goes back to it, unless it takes the question back. */
  request(message: RpcRequest, withdrawn: AbortSignal): Promise<Pick<RpcResponse, 'result' | 'error'>>
  reply(reply: Reply): void
  failure(failure: ChannelFailure): void
}

/** A server we are connected to, of one era. */
export interface Peer {
  readonly era: Era
  /** `http`: an API of its own kind, of which the gateway makes a server. */
  readonly transport: RemoteTransport | 'stdio' | 'http'
  readonly identity: ServerIdentity
  /** Returns a function that cancels: the server is told, and the listener hears nothing more. */
  call(request: PeerRequest, listener: PeerListener): (reason: string) => void
  notify(method: string, params: Params | undefined): void
  close(): Promise<void>
}

/** What a server says without being asked. */
export interface PeerEvents {
  /** `notifications/…/list_changed` or `notifications/resources/updated`. */
  notification(message: RpcNotification): void
  closed(error: GatewayError): void
}
