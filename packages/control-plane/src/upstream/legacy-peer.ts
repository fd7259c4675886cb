import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { ClientCapabilities } from '../protocol/capabilities.ts'
import {
  idKey,
  type Params,
  type RequestId,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../protocol/message.ts'
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
    const questions = new OpenQuestions()
    const sink = this.#sinkFor(listener, progressToken, questions)
    const giveUp = this.#channel.request({ id, method: request.method, body, owner: request.owner }, sink)
    return (reason) => {
      this.notify('notifications/cancelled', { requestId: id, reason })
      giveUp()
      questions.withdrawAll()
    }
  }

  #sinkFor(listener: PeerListener, progressToken: unknown, questions: OpenQuestions): RequestSink {
    return {
      notification: (message) => {
        if (!questions.withdraw(message)) listener.notification(withCallersToken(message, progressToken))
      },
      request: (message) => this.#askCaller(message, listener, questions),
      reply: (reply) => {
        questions.withdrawAll()
        listener.reply(reply)
      },
      failure: (failure) => {
        questions.withdrawAll()
        listener.failure(failure)
      },
    }
  }

  #askCaller(message: RpcRequest, listener: PeerListener, questions: OpenQuestions): void {
    if (message.method === 'ping') return this.#respond(message.id, { result: {} })
    const withdrawn = questions.open(message.id)
    const respond = (answer: Pick<RpcResponse, 'result' | 'error'>) => {
      questions.close(message.id)
      if (!withdrawn.aborted) this.#respond(message.id, answer)
    }
    listener
      .request(message, withdrawn)
      .then(respond, (error: unknown) =>
        respond({ error: { code: RPC.internalError, message: messageOf(error) } }),
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
    const id = this.#nextId()
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'logging/setLevel', params: { level } })
    this.#channel.request({ id, method: 'logging/setLevel', body, owner: '' }, IGNORE)
  }

  notify(method: string, params: Params | undefined): void {
    this.#channel.send(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  close(): Promise<void> {
    return this.#channel.close()
  }
}

/** What a server asked during one call and was not answered yet. It may take a question back, and the end of the call does. */
class OpenQuestions {
  readonly #open = new Map<string, AbortController>()

  open(id: RequestId): AbortSignal {
    const controller = new AbortController()
    this.#open.set(idKey(id), controller)
    return controller.signal
  }

  close(id: RequestId): void {
    this.#open.delete(idKey(id))
  }

  /** Whether the message took one of these questions back. */
  withdraw({ method, params }: RpcNotification): boolean {
    if (method !== 'notifications/cancelled') return false
    // An unreadable id is simply not found.
    const question = this.#open.get(idKey(params?.requestId as RequestId))
    question?.abort(params?.reason)
    return question !== undefined
  }

  withdrawAll(): void {
    for (const question of this.#open.values()) question.abort('The call is over.')
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
    const message = `The server did not answer its first request, "${method}", within ${timeoutMs / 1000} seconds.`
    const fix = 'Check that it is an MCP server and that it is not stuck.'
    return new HandshakeFailed({
      kind: 'broken',
      error: new GatewayError('upstream_timeout', message, { fix }),
    })
  })
}

/** Progress tokens are unique per session, and callers choose theirs without knowing of each other. */
export function withProgressToken(params: Params | undefined, id: number): Params | undefined {
  if (params?._meta?.progressToken === undefined) return params
  return { ...params, _meta: { ...params._meta, progressToken: id } }
}

/** The message under the token that the caller chose. */
export function withCallersToken(message: RpcNotification, progressToken: unknown): RpcNotification {
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
