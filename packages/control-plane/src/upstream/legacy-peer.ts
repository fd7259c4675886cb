import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { ClientCapabilities } from '../protocol/capabilities.ts'
import type { Params, RequestId, RpcNotification, RpcRequest, RpcResponse } from '../protocol/message.ts'
import { withoutEnvelope } from '../protocol/modern-envelope.ts'
import { parseReply, type Reply } from '../protocol/reply-bytes.ts'
import { isLegacyRevision, LATEST_LEGACY_REVISION } from '../protocol/revisions.ts'
import { RPC } from '../protocol/rpc-error.ts'
import type { Channel, ChannelFailure, RequestSink, UnsolicitedSink } from './channel.ts'
import type { Peer, PeerEvents, PeerListener, PeerRequest, ServerIdentity } from './peer.ts'
import { withTimeLimit } from './time-limit.ts'

const GATEWAY_INFO = { name: 'mcpgw', version: '0.1.0' }

const initializeResult = z.looseObject({
  protocolVersion: z.string(),
  capabilities: z.record(z.string(), z.record(z.string(), z.unknown()).optional()).default({}),
  serverInfo: z.unknown(),
  instructions: z.string().optional(),
})

/** Levels of RFC 5424, least severe first: a session gets the lowest that anyone sharing it asked for. */
const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Thrown by `LegacyPeer.open` with what the channel told, so that the caller can try another transport. */
export class HandshakeFailed extends Error {
  readonly failure: ChannelFailure

  constructor(failure: ChannelFailure) {
    super(failure.error.message)
    this.failure = failure
  }
}

/** A session with a server of revision 2024-11-05 to 2025-11-25. */
export class LegacyPeer implements Peer {
  readonly era = 'legacy'
  readonly transport: Peer['transport']
  readonly identity: ServerIdentity
  readonly #channel: Channel
  readonly #nextId: () => number
  #logLevel = LOG_LEVELS.length

  private constructor(
    channel: Channel,
    transport: Peer['transport'],
    identity: ServerIdentity,
    nextId: () => number,
  ) {
    this.#channel = channel
    this.transport = transport
    this.identity = identity
    this.#nextId = nextId
  }

  /** Does the handshake. Rejects with HandshakeFailed, or GatewayError for an answer that makes no sense. */
  static async open(
    channel: Channel,
    transport: Peer['transport'],
    capabilities: ClientCapabilities,
    timeoutMs: number,
    nextId: () => number,
  ): Promise<LegacyPeer> {
    const params = { protocolVersion: LATEST_LEGACY_REVISION, capabilities, clientInfo: GATEWAY_INFO }
    const reply = await askOnce(channel, 'initialize', params, timeoutMs, nextId())
    const { error, result } = parseReply(reply)
    if (error !== undefined) throw refusedHandshake(error.message)
    const read = initializeResult.safeParse(result)
    if (!read.success || !isLegacyRevision(read.data.protocolVersion))
      throw strangeHandshake(read.data?.protocolVersion)
    const { serverInfo, instructions, protocolVersion } = read.data
    channel.established(protocolVersion)
    channel.send('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    return new LegacyPeer(
      channel,
      transport,
      { capabilities: read.data.capabilities, serverInfo, instructions },
      nextId,
    )
  }

  call(request: PeerRequest, listener: PeerListener): (reason: string) => void {
    const id = this.#nextId()
    this.#wantLogLevel(request.identity.logLevel)
    const progressToken = request.params?._meta?.progressToken
    const params = withProgressToken(withoutEnvelope(request.params), id)
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: request.method, params })
    const sink = this.#sinkFor(listener, progressToken)
    const giveUp = this.#channel.request({ id, method: request.method, body, owner: request.owner }, sink)
    return (reason) => {
      this.notify('notifications/cancelled', { requestId: id, reason })
      giveUp()
    }
  }

  #sinkFor(listener: PeerListener, progressToken: unknown): RequestSink {
    return {
      notification: (message) => listener.notification(withCallersToken(message, progressToken)),
      request: (message) => this.#askCaller(message, listener),
      reply: (reply) => listener.reply(reply),
      failure: (failure) => listener.failure(failure),
    }
  }

  #askCaller(message: RpcRequest, listener: PeerListener): void {
    if (message.method === 'ping') return this.#respond(message.id, { result: {} })
    listener.request(message).then(
      (answer) => this.#respond(message.id, answer),
      (error: unknown) =>
        this.#respond(message.id, { error: { code: RPC.internalError, message: messageOf(error) } }),
    )
  }

  #respond(id: RequestId, answer: Pick<RpcResponse, 'result' | 'error'>): void {
    this.#channel.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  }

  /** One session has one level, so it only ever goes down; each caller's own level is applied when messages pass. */
  #wantLogLevel(level: string | undefined): void {
    if (level === undefined || this.identity.capabilities.logging === undefined) return
    const wanted = LOG_LEVELS.indexOf(level)
    if (wanted === -1 || wanted >= this.#logLevel) return
    this.#logLevel = wanted
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: this.#nextId(),
      method: 'logging/setLevel',
      params: { level },
    })
    this.#channel.request({ id: 0, method: 'logging/setLevel', body, owner: '' }, IGNORE)
  }

  notify(method: string, params: Params | undefined): void {
    this.#channel.send(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  close(): Promise<void> {
    return this.#channel.close()
  }
}

const IGNORE: RequestSink = { notification() {}, request() {}, reply() {}, failure() {} }

/** Answers for the gateway what a server asks outside of any call, and passes its notifications on. */
export function unsolicitedFor(events: PeerEvents, respond: (body: string) => void): UnsolicitedSink {
  return {
    notification: (message) => events.notification(message),
    closed: (error) => events.closed(error),
    request: ({ id, method }) => {
      const answer = answerForNobody(method)
      respond(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
    },
  }
}

/** Such a request belongs to no caller, but a server left without an answer may wait for ever. */
function answerForNobody(method: string): Pick<RpcResponse, 'result' | 'error'> {
  if (method === 'ping') return { result: {} }
  if (method === 'roots/list') return { result: { roots: [] } }
  return { error: { code: RPC.methodNotFound, message: 'No client is waiting for this server.' } }
}

/** Sends one request and waits for its reply. Rejects with HandshakeFailed. */
export function askOnce(
  channel: Channel,
  method: string,
  params: object,
  timeoutMs: number,
  id: number,
  headers: Record<string, string> = {},
): Promise<Reply> {
  let giveUp = () => {}
  const replied = new Promise<Reply>((resolve, reject) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    const failure = (failed: ChannelFailure) => reject(new HandshakeFailed(failed))
    giveUp = channel.request({ id, method, body, owner: '', headers }, { ...IGNORE, reply: resolve, failure })
  })
  return withTimeLimit(replied, timeoutMs, () => {
    giveUp()
    const message = `The server did not answer "${method}" within ${timeoutMs / 1000} seconds.`
    const fix = 'Check that the server runs and is not stuck.'
    return new HandshakeFailed({
      kind: 'broken',
      error: new GatewayError('upstream_timeout', message, { fix }),
    })
  })
}

/** Progress tokens are unique per session, and callers choose theirs without knowing of each other. */
function withProgressToken(params: Params | undefined, id: number): Params | undefined {
  if (params?._meta?.progressToken === undefined) return params
  return { ...params, _meta: { ...params._meta, progressToken: id } }
}

function withCallersToken(message: RpcNotification, progressToken: unknown): RpcNotification {
  if (message.method !== 'notifications/progress' || progressToken === undefined) return message
  return { ...message, params: { ...message.params, progressToken } }
}

function refusedHandshake(message: string): GatewayError {
  return new GatewayError('upstream_refused', 'The server refused the MCP handshake.', {
    cause: new Error(message),
    fix: "Look at the server's own log.",
  })
}

function strangeHandshake(version: string | undefined): GatewayError {
  return new GatewayError(
    'upstream_invalid',
    `The server answered the handshake with the revision "${version}".`,
    {
      fix: 'Update the server to one of 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25 or 2026-07-28.',
    },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'The client did not answer.'
}
