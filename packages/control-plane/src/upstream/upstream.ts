import type { Random } from '../model/clock.ts'
import { asGatewayError, type GatewayError } from '../model/error.ts'
import type { Server, ServerHealth } from '../model/server.ts'
import type { RpcNotification } from '../protocol/message.ts'
import type { ChannelFailure } from './channel.ts'
import { type Connection, Connections, type ConnectionsOptions } from './connections.ts'
import type { Listing } from './listing.ts'
import { Listings, type ListingsOptions } from './listings.ts'
import { NOBODY, type Peer, type PeerListener, type PeerProfile, type PeerRequest } from './peer.ts'
import { createReachability, type Reachability } from './reachability.ts'
import { runLimited } from './run-limited.ts'

export interface UpstreamOptions extends ConnectionsOptions, ListingsOptions {
  random: Random
  onResourceUpdated(uri: string): void
}

/** One enabled server of a workspace: its connections, its last good lists and how it is doing. */
export class Upstream {
  readonly server: Server
  readonly #options: UpstreamOptions
  readonly #reachability: Reachability
  readonly #connections: Connections
  readonly #listings: Listings

  constructor(options: UpstreamOptions) {
    this.server = options.server
    this.#options = options
    this.#reachability = createReachability(options)
    this.#connections = new Connections(options, this.#reachability, {
      told: (message, profile) => this.#told(message, profile),
      failed: () => this.#listings.retryLater(),
      lost: () => {
        this.#listings.retryLater()
        options.onListing()
      },
    })
    this.#listings = new Listings(options, this.#connections, this.#reachability)
  }

  /** Resolves, never rejects, when the first attempt to connect and list has ended. */
  get settled(): Promise<void> {
    return this.#listings.settled
  }

  /** What the server offers to such a caller, by its last good answer; undefined when it has never answered. */
  listing(profile: PeerProfile): Listing | undefined {
    return this.#listings.listing(profile)
  }

  /**
   * What a caller should wait for before it lists: the first answer for callers of its kind, for a moment. Undefined
   * when there is an answer, when the server is known to be in trouble, or when the moment has passed.
   */
  preparing(profile: PeerProfile): Promise<void> | undefined {
    return this.#listings.preparing(profile)
  }

  /** The era it spoke when last met. */
  get era(): Peer['era'] | undefined {
    return this.#connections.era
  }

  /** What it said of itself when last met. */
  get identity(): Peer['identity'] | undefined {
    return this.#connections.identity
  }

  /** Runs one request. Returns a function that cancels it; the listener then hears nothing more. */
  call(profile: PeerProfile, request: PeerRequest, listener: PeerListener): (reason: string) => void {
    return runLimited(
      this.server,
      listener,
      (limited) => this.#send(profile, request, limited, 'first'),
      () => this.#progress(),
    )
  }

  /** What is done before it can be started. */
  #progress(): string | undefined {
    const { target } = this.server
    return target.kind === 'hosted' ? this.#options.hosting?.packages.progressOf(target) : undefined
  }

  #send(
    profile: PeerProfile,
    request: PeerRequest,
    listener: PeerListener,
    attempt: 'first' | 'again',
  ): (reason: string) => void {
    const ready = this.#connections.ready(profile)
    if (ready !== undefined) return this.#sendOn(ready, profile, request, listener, attempt)
    let cancel: (reason: string) => void = () => {
      cancelled = true
    }
    let cancelled = false
    this.#connections.open(profile).then(
      (connection) => {
        if (!cancelled) cancel = this.#sendOn(connection, profile, request, listener, attempt)
      },
      (error) => {
        if (!cancelled) listener.failure({ kind: 'never-sent', error: asGatewayError(error) })
      },
    )
    return (reason) => cancel(reason)
  }

  #sendOn(
    connection: Connection,
    profile: PeerProfile,
    request: PeerRequest,
    listener: PeerListener,
    attempt: 'first' | 'again',
  ): (reason: string) => void {
    const { credentials } = this.#options
    this.#connections.begun(connection)
    let done = false
    const finish = () => {
      if (done) return
      done = true
      this.#connections.ended(connection)
    }
    let cancel = connection.peer.call(request, {
      notification: (message) => listener.notification(message),
      request: (message, withdrawn) => listener.request(message, withdrawn),
      reply: (reply) => {
        finish()
        this.#reachability.worked()
        listener.reply(reply)
      },
      failure: (failure) => {
        finish()
        // A server that forgot the session did not run the request: the one case where it is sent again.
        if (failure.kind === 'session-lost' && attempt === 'first') {
          this.#connections.retire(connection)
          cancel = this.#send(profile, request, listener, 'again')
          return
        }
        if (failure.status === 401 && attempt === 'first' && credentials.refused !== undefined) {
          cancel = this.#sendRenewed(profile, request, listener, failure)
          return
        }
        // Many servers say 400 of a session they forgot: this request is not sent again, but the next gets a new one.
        if (failure.status === 400 && connection.peer.era === 'legacy') this.#connections.retire(connection)
        this.#fail(failure, listener)
      },
    })
    return (reason) => {
      finish()
      cancel(reason)
    }
  }

  /** A request answered with 401 has not been applied (RFC 9110, 15.5.2): with new tokens it is sent once more. */
  #sendRenewed(
    profile: PeerProfile,
    request: PeerRequest,
    listener: PeerListener,
    failure: ChannelFailure,
  ): (reason: string) => void {
    let cancelled = false
    let cancel: (reason: string) => void = () => {
      cancelled = true
    }
    const renewed = this.#options.credentials.refused?.(failure.credentialVersion) ?? Promise.resolve(false)
    renewed.then(
      (isOther) => {
        if (cancelled) return
        if (isOther) cancel = this.#send(profile, request, listener, 'again')
        else this.#fail(failure, listener)
      },
      (error) => {
        if (!cancelled) this.#fail({ ...failure, error: asGatewayError(error) }, listener)
      },
    )
    return (reason) => cancel(reason)
  }

  #fail(failure: ChannelFailure, listener: PeerListener): void {
    // An answer that is too large is a sign of life: whoever asks for such must not stop the server for others.
    if (failure.error.code !== 'too_large')
      this.#reachability.failed(failure.error, failure.kind === 'status' ? failure.status : undefined)
    listener.failure(failure)
  }

  #told({ method, params }: RpcNotification, profile: PeerProfile): void {
    if (method.endsWith('/list_changed')) this.#listings.refreshFor(profile)
    else if (method === 'notifications/resources/updated' && typeof params?.uri === 'string')
      this.#options.onResourceUpdated(params.uri)
  }

  /** The credential was set, replaced or removed: old connections end, and what was wrong may be mended. */
  credentialChanged(): void {
    this.#connections.credentialChanged()
    this.#reachability.reset()
    void this.#listings.warm(NOBODY)
  }

  /** Connections go on with the new tokens; only what was wrong with the old ones may be mended. */
  tokensRenewed(): void {
    if (this.#reachability.problem() === undefined) return
    this.#reachability.reset()
    void this.#listings.warm(NOBODY)
  }

  /** Replaces the resources whose changes `onResourceUpdated` tells. */
  subscribe(uris: ReadonlySet<string>): void {
    this.#connections.subscribe(uris)
  }

  /** Connects and lists anew, whatever happened before. */
  async check(): Promise<ServerHealth> {
    this.#reachability.reset()
    const connection = await this.#connections.open(NOBODY).catch(() => undefined)
    if (connection !== undefined) await this.#listings.refresh(connection).catch(() => {})
    return this.health()
  }

  health(): ServerHealth {
    const error = this.#reachability.problem()
    const base = { tools: this.#listings.toolCount, ...(this.era && { era: this.era }) }
    if (error !== undefined)
      return { ...base, status: statusOf(error), error: describe(error, this.#connections.noise) }
    const progress = this.#progress()
    return {
      ...base,
      ...(progress !== undefined && { progress }),
      status: this.identity !== undefined && this.#listings.size > 0 ? 'ready' : 'connecting',
    }
  }

  /** Resolves when every connection and process is gone. */
  async close(): Promise<void> {
    this.#listings.close()
    this.#options.credentials.close?.()
    await this.#connections.close()
  }
}

function statusOf({ code }: GatewayError): ServerHealth['status'] {
  return code === 'needs_credential' || code === 'needs_login' ? code : 'failing'
}

function describe({ code, message, fix }: GatewayError, noise: number): NonNullable<ServerHealth['error']> {
  if (noise === 0) return { code, message, ...(fix !== undefined && { fix }) }
  const lines = noise === 1 ? '1 line that is no MCP message' : `${noise} lines that are no MCP messages`
  return {
    code,
    message: `${message} It printed ${lines} on stdout.`,
    fix: `Check that its command starts an MCP server on stdio and that it logs to stderr. ${fix ?? ''}`.trim(),
  }
}
