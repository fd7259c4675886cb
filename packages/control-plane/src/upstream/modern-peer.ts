import { z } from 'zod'
import type { Params } from '../protocol/message.ts'
import { type Identity, META, withEnvelope } from '../protocol/modern-envelope.ts'
import { standardHeaders } from '../protocol/modern-headers.ts'
import { parseReply } from '../protocol/reply-bytes.ts'
import { MODERN_REVISION } from '../protocol/revisions.ts'
import type { Channel, RequestSink } from './channel.ts'
import { askOnce, withCallersToken, withProgressToken } from './legacy-peer.ts'
import type { Peer, PeerEvents, PeerListener, PeerRequest, ServerIdentity } from './peer.ts'

export const GATEWAY_IDENTITY: Identity = {
  clientInfo: { name: 'mcpgw', version: '0.1.0' },
  capabilities: {},
}

const discoverResult = z.looseObject({
  supportedVersions: z.array(z.string()),
  capabilities: z.record(z.string(), z.record(z.string(), z.unknown()).optional()).default({}),
  instructions: z.string().optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
})

const REOPEN_MS = { first: 500, most: 30_000 }

/** A server of revision 2026-07-28: no session, each request tells who asks. */
export class ModernPeer implements Peer {
  readonly era = 'modern'
  readonly transport: Peer['transport']
  readonly identity: ServerIdentity
  readonly #channel: Channel
  readonly #nextId: () => number
  readonly #events: PeerEvents
  #subscribed = new Set<string>()
  #endListening: () => void = () => {}
  #reopenTimer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(options: ModernPeerOptions, identity: ServerIdentity) {
    this.transport = options.transport
    this.identity = identity
    this.#channel = options.channel
    this.#nextId = options.nextId
    this.#events = options.events
  }

  /**
   * Asks `server/discover`. Undefined when the answer shows that the server is not modern; rejects with
   * HandshakeFailed when there is no answer.
   */
  static async discover(options: ModernPeerOptions): Promise<ModernPeer | undefined> {
    const params = withEnvelope({}, GATEWAY_IDENTITY)
    const id = options.nextId()
    const headers = standardHeaders({ jsonrpc: '2.0', id, method: 'server/discover', params })
    const reply = await askOnce(options.channel, 'server/discover', params, options.timeoutMs, id, headers)
    const read = discoverResult.safeParse(parseReply(reply).result)
    if (!read.success || !read.data.supportedVersions.includes(MODERN_REVISION)) return undefined
    const { capabilities, instructions, _meta } = read.data
    const peer = new ModernPeer(options, { capabilities, serverInfo: _meta?.[META.serverInfo], instructions })
    peer.#listen(REOPEN_MS.first)
    return peer
  }

  call(request: PeerRequest, listener: PeerListener): (reason: string) => void {
    const id = this.#nextId()
    // Over HTTP each request has a stream of its own; a process says everything on one.
    const isShared = this.transport === 'stdio'
    const ownParams = isShared ? withProgressToken(request.params, id) : request.params
    const params = withEnvelope(ownParams, request.identity)
    const message = { jsonrpc: '2.0' as const, id, method: request.method, params }
    const headers = { ...standardHeaders(message), ...request.headers }
    const progressToken = isShared ? request.params?._meta?.progressToken : undefined
    const giveUp = this.#channel.request(
      { id, method: request.method, body: JSON.stringify(message), headers, owner: request.owner },
      sinkFor(listener, progressToken),
    )
    return (reason) => {
      // Closing the stream is the cancellation over HTTP; a process has to be told.
      if (isShared) this.notify('notifications/cancelled', { requestId: id, reason })
      giveUp()
    }
  }

  /** Keeps one stream of changes open: lists, and the resources that someone here subscribed to. */
  #listen(waitMs: number): void {
    const wanted = this.#wantedChanges()
    if (this.#closed || wanted === undefined) return
    const id = this.#nextId()
    const params = withEnvelope({ notifications: wanted }, GATEWAY_IDENTITY)
    const message = { jsonrpc: '2.0' as const, id, method: 'subscriptions/listen', params }
    const reopen = (next: number) => {
      this.#reopenTimer = setTimeout(() => this.#listen(next), next * (0.5 + Math.random()))
      this.#reopenTimer.unref()
    }
    const openedAt = performance.now()
    const stop = this.#channel.request(
      {
        id,
        method: message.method,
        body: JSON.stringify(message),
        headers: standardHeaders(message),
        owner: '',
      },
      {
        notification: (notification) => this.#events.notification(notification),
        request: () => {},
        reply: (reply) => {
          if (reply.isError) return
          // A server that ends each stream at once is asked ever more slowly.
          const lasted = performance.now() - openedAt > REOPEN_MS.most
          reopen(lasted ? REOPEN_MS.first : Math.min(waitMs * 2, REOPEN_MS.most))
        },
        failure: ({ kind }) => {
          if (kind !== 'status') reopen(Math.min(waitMs * 2, REOPEN_MS.most))
        },
      },
    )
    this.#endListening = () => {
      if (this.transport === 'stdio') this.notify('notifications/cancelled', { requestId: id })
      stop()
    }
  }

  #wantedChanges(): Record<string, unknown> | undefined {
    const { tools, prompts, resources } = this.identity.capabilities
    const wanted: Record<string, unknown> = {
      ...(tools?.listChanged === true && { toolsListChanged: true }),
      ...(prompts?.listChanged === true && { promptsListChanged: true }),
      ...(resources?.listChanged === true && { resourcesListChanged: true }),
      ...(this.#subscribed.size > 0 && { resourceSubscriptions: [...this.#subscribed] }),
    }
    return Object.keys(wanted).length === 0 ? undefined : wanted
  }

  /** Replaces the resources whose changes are listened for. */
  subscribe(uris: ReadonlySet<string>): void {
    if (uris.size === this.#subscribed.size && uris.isSubsetOf(this.#subscribed)) return
    this.#subscribed = new Set(uris)
    clearTimeout(this.#reopenTimer)
    this.#endListening()
    this.#listen(REOPEN_MS.first)
  }

  notify(method: string, params: Params | undefined): void {
    this.#channel.send(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reopenTimer)
    this.#endListening()
    await this.#channel.close()
  }
}

export interface ModernPeerOptions {
  channel: Channel
  transport: Peer['transport']
  timeoutMs: number
  nextId: () => number
  events: PeerEvents
}

/** Modern servers send no requests; one that does is not answered. */
function sinkFor(listener: PeerListener, progressToken: unknown): RequestSink {
  return {
    notification: (message) => listener.notification(withCallersToken(message, progressToken)),
    request: () => {},
    reply: (reply) => listener.reply(reply),
    failure: (failure) => listener.failure(failure),
  }
}
