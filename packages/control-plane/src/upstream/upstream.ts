import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'undici'
import type { Clock, Random } from '../model/clock.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { EraVerdict, Server, ServerHealth } from '../model/server.ts'
import type { RpcNotification } from '../protocol/message.ts'
import type { AddressGuard } from './address-guard.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { CredentialSource } from './credential-source.ts'
import { openHttpPool } from './http-client.ts'
import { fetchListing, type Listing } from './listing.ts'
import { ModernPeer } from './modern-peer.ts'
import type { Peer, PeerListener, PeerProfile, PeerRequest } from './peer.ts'
import { createReachability, type Reachability } from './reachability.ts'
import { runLimited } from './run-limited.ts'

export interface UpstreamOptions {
  server: Server
  credentials: CredentialSource
  guard: AddressGuard
  hosting: ConnectOptions['hosting']
  loadVerdict(): Promise<EraVerdict | undefined>
  saveVerdict(verdict: EraVerdict): void
  clock: Clock
  random: Random
  maxReplyBytes: number
  /** What the server offers may have changed. */
  onListing(): void
  onResourceUpdated(uri: string): void
}

interface Connection {
  peer: Peer
  capabilityKey: string
  credentialVersion: number
  inFlight: number
  lastUsed: number
  retired: boolean
}

/** The gateway itself, when it looks what there is. */
const NOBODY: PeerProfile = { capabilities: {}, capabilityKey: '', session: '', member: '' }
const DAY_MS = 86_400_000
const LIST_AGE_MS = 5 * 60_000
/** Longer than nearly every server takes to start and list, shorter than the hastiest client's limit of 5 s. */
const FIRST_LISTING_MS = 2_500
const IDLE_PROCESS_MS = 10 * 60_000

/** One enabled server of a workspace: its connections, its last good lists and how it is doing. */
export class Upstream {
  readonly server: Server
  readonly #options: UpstreamOptions
  readonly #pool: Pool | undefined
  readonly #reachability: Reachability
  readonly #connections = new Map<string, Connection>()
  readonly #connecting = new Map<string, Promise<Connection>>()
  readonly #listings = new Map<string, { listing: Listing; fetchedAt: number }>()
  readonly #refreshing = new Map<string, { again: boolean; done: Promise<void> }>()
  readonly #firstWaits = new Map<string, { over: boolean; promise: Promise<void> }>()
  #subscriptions = new Set<string>()
  #era: Peer['era'] | undefined
  #noise = 0
  #lastId = 0
  /** Counted, so that a connection begun before a change is not used after it. */
  #credentialChanges = 0
  #closed = false
  #retryTimer: NodeJS.Timeout | undefined
  readonly #idleTimer: NodeJS.Timeout
  /** Resolves, never rejects, when the first attempt to connect and list has ended. */
  readonly settled: Promise<void>

  constructor(options: UpstreamOptions) {
    this.server = options.server
    this.#options = options
    const { target } = options.server
    this.#pool =
      target.kind === 'remote' ? openHttpPool(new URL(target.url).origin, options.guard) : undefined
    this.#reachability = createReachability(options)
    this.#idleTimer = setInterval(() => this.#stopIdle(), 60_000)
    this.#idleTimer.unref()
    this.settled = this.#warm(NOBODY)
  }

  /** What the server offers to such a caller, by its last good answer; undefined when it has never answered. */
  listing(profile: PeerProfile): Listing | undefined {
    const exact = this.#listings.get(this.#listingKey(profile))
    if (exact !== undefined) this.#refreshOld(profile, exact.fetchedAt)
    return (exact ?? this.#listings.get('') ?? this.#listings.values().next().value)?.listing
  }

  /**
   * What a caller should wait for before it lists: the first answer for callers of its kind, for a moment. Undefined
   * when there is an answer, when the server is known to be in trouble, or when the moment has passed.
   */
  preparing(profile: PeerProfile): Promise<void> | undefined {
    if (this.#listings.has(this.#listingKey(profile)) || this.#reachability.problem() !== undefined)
      return undefined
    const known = this.#firstWaits.get(profile.capabilityKey)
    if (known !== undefined) return known.over ? undefined : known.promise
    const wait = { over: false, promise: this.#firstListing(profile) }
    this.#firstWaits.set(profile.capabilityKey, wait)
    wait.promise.then(() => {
      wait.over = true
    })
    return wait.promise
  }

  #firstListing(profile: PeerProfile): Promise<void> {
    const prepared = this.settled.then(() => {
      if (this.#listings.has(this.#listingKey(profile)) || this.#reachability.problem() !== undefined) return
      return this.#warm(profile)
    })
    return Promise.race([prepared, delay(FIRST_LISTING_MS, undefined, { ref: false })])
  }

  /** The era it spoke when last met. */
  get era(): Peer['era'] | undefined {
    return this.#era
  }

  get identity(): Peer['identity'] | undefined {
    return this.#connections.values().next().value?.peer.identity
  }

  /** Runs one request. Returns a function that cancels it; the listener then hears nothing more. */
  call(profile: PeerProfile, request: PeerRequest, listener: PeerListener): (reason: string) => void {
    return runLimited(this.server, listener, (limited) => this.#send(profile, request, limited, 'first'))
  }

  #send(
    profile: PeerProfile,
    request: PeerRequest,
    listener: PeerListener,
    attempt: 'first' | 'again',
  ): (reason: string) => void {
    const ready = this.#readyConnection(profile)
    if (ready !== undefined) return this.#sendOn(ready, profile, request, listener, attempt)
    let cancel: (reason: string) => void = () => {
      cancelled = true
    }
    let cancelled = false
    this.#connection(profile).then(
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
    connection.inFlight++
    connection.lastUsed = this.#options.clock.now()
    let done = false
    const finish = () => {
      if (done) return
      done = true
      connection.inFlight--
      if (connection.retired && connection.inFlight === 0) void connection.peer.close()
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
          this.#retire(connection)
          cancel = this.#send(profile, request, listener, 'again')
          return
        }
        this.#reachability.failed(failure.error, failure.kind === 'status' ? failure.status : undefined)
        listener.failure(failure)
      },
    })
    return (reason) => {
      finish()
      cancel(reason)
    }
  }

  #readyConnection(profile: PeerProfile): Connection | undefined {
    const credential = this.#options.credentials.peek()
    if (credential === 'unknown') return undefined
    return this.#connections.get(this.#key(profile, credential?.version ?? 0))
  }

  async #connection(profile: PeerProfile): Promise<Connection> {
    const known = this.#options.credentials.peek()
    const credential = known === 'unknown' ? await this.#options.credentials.load() : known
    const version = credential?.version ?? 0
    const key = this.#key(profile, version)
    const ready = this.#connections.get(key)
    if (ready !== undefined) return ready
    const running = this.#connecting.get(key)
    if (running !== undefined) return running
    const connecting = this.#connect(profile, version).finally(() => {
      if (this.#connecting.get(key) === connecting) this.#connecting.delete(key)
    })
    this.#connecting.set(key, connecting)
    return connecting
  }

  async #connect(profile: PeerProfile, credentialVersion: number): Promise<Connection> {
    const changes = this.#credentialChanges
    const waitMs = this.#reachability.requireAttempt()
    if (waitMs > 0) await delay(waitMs, undefined, { ref: false })
    if (this.#closed)
      throw new GatewayError('upstream_unavailable', `"${this.server.name}" was removed or changed.`)
    try {
      const connection = await this.#open(profile, credentialVersion, changes)
      this.#reachability.connected()
      return connection
    } catch (error) {
      // What came of an attempt with an old credential says nothing about the new one.
      if (this.#credentialChanges !== changes && !this.#closed) return this.#connection(profile)
      const problem = asGatewayError(error)
      this.#reachability.failedToConnect(problem)
      this.#retryLater()
      throw problem
    }
  }

  async #open(profile: PeerProfile, credentialVersion: number, changes: number): Promise<Connection> {
    const { clock, credentials, hosting, maxReplyBytes } = this.#options
    let connection: Connection | undefined
    const peer = await connect(
      {
        server: this.server,
        credentials,
        pool: this.#pool,
        hosting,
        verdict: await this.#freshVerdict(),
        maxReplyBytes,
        nextId: () => ++this.#lastId,
        noise: () => this.#noise++,
        events: {
          notification: (message) => this.#told(message, profile),
          closed: (error) => {
            if (connection !== undefined) this.#lost(connection, error)
          },
        },
      },
      profile,
    )
    if (this.#credentialChanges !== changes) {
      void peer.close()
      throw new Error('The credential has changed.')
    }
    connection = {
      peer,
      capabilityKey: this.#listingKeyFor(peer.era, profile),
      credentialVersion,
      inFlight: 0,
      lastUsed: clock.now(),
      retired: false,
    }
    this.#adopt(profile, connection)
    return connection
  }

  #adopt(profile: PeerProfile, connection: Connection): void {
    const { peer, credentialVersion } = connection
    if (this.#closed) {
      void peer.close()
      throw new GatewayError('upstream_unavailable', `"${this.server.name}" was removed or changed.`)
    }
    this.#era = peer.era
    this.#options.saveVerdict({
      serverId: this.server.id,
      era: peer.era,
      transport: peer.transport,
      foundAt: this.#options.clock.now(),
    })
    for (const other of this.#connections.values()) {
      if (other.credentialVersion !== credentialVersion) this.#retire(other)
    }
    this.#connections.set(this.#key(profile, credentialVersion), connection)
    this.#applySubscriptions(connection)
  }

  async #freshVerdict(): Promise<EraVerdict | undefined> {
    const verdict = await this.#options.loadVerdict()
    return verdict !== undefined && this.#options.clock.now() - verdict.foundAt < DAY_MS ? verdict : undefined
  }

  /** Modern servers know no sessions: one connection does for everyone who has the same credential. */
  #key(profile: PeerProfile, credentialVersion: number): string {
    if (this.#era === 'modern') return `modern ${credentialVersion}`
    return `legacy ${credentialVersion} ${profile.capabilityKey} ${this.#isolationKey(profile)}`
  }

  #isolationKey({ session, member }: PeerProfile): string {
    const { isolation } = this.server
    return isolation === 'shared' ? '' : isolation === 'per-session' ? session : member
  }

  #listingKey(profile: PeerProfile): string {
    return this.#listingKeyFor(this.#era, profile)
  }

  #listingKeyFor(era: Peer['era'] | undefined, profile: PeerProfile): string {
    return era === 'modern' ? '' : profile.capabilityKey
  }

  async #warm(profile: PeerProfile): Promise<void> {
    try {
      const connection = await this.#connection(profile)
      await this.#refresh(connection)
    } catch {
      // The health says what is wrong; whoever calls is told again.
    }
    this.#options.onListing()
  }

  /** Lists anew. Asked while that runs, it lists once more: the answer on its way may be from before the change. */
  #refresh(connection: Connection): Promise<void> {
    const key = connection.capabilityKey
    const running = this.#refreshing.get(key)
    if (running !== undefined) {
      running.again = true
      return running.done
    }
    const state = { again: false, done: Promise.resolve() }
    state.done = this.#list(connection, state).finally(() => this.#refreshing.delete(key))
    this.#refreshing.set(key, state)
    return state.done
  }

  async #list(connection: Connection, state: { again: boolean }): Promise<void> {
    try {
      do {
        state.again = false
        const listing = await fetchListing(connection.peer)
        this.#listings.set(connection.capabilityKey, { listing, fetchedAt: this.#options.clock.now() })
        this.#options.onListing()
      } while (state.again)
    } catch (error) {
      this.#reachability.failed(asGatewayError(error), undefined)
      throw error
    }
  }

  /** Not every server tells when its lists change. */
  #refreshOld(profile: PeerProfile, fetchedAt: number): void {
    if (this.#options.clock.now() - fetchedAt < LIST_AGE_MS) return
    const connection = this.#readyConnection(profile)
    if (connection !== undefined) this.#refresh(connection).catch(() => {})
  }

  #told({ method, params }: RpcNotification, profile: PeerProfile): void {
    if (method.endsWith('/list_changed')) {
      const connection = this.#readyConnection(profile)
      if (connection !== undefined) this.#refresh(connection).catch(() => {})
    } else if (method === 'notifications/resources/updated' && typeof params?.uri === 'string') {
      this.#options.onResourceUpdated(params.uri)
    }
  }

  #lost(connection: Connection, error: GatewayError): void {
    this.#remove(connection)
    if (connection.retired) return
    this.#reachability.crashed(error)
    this.#retryLater()
    void connection.peer.close()
    this.#options.onListing()
  }

  #remove(connection: Connection): void {
    for (const [key, other] of this.#connections) if (other === connection) this.#connections.delete(key)
  }

  /** Takes no new requests; closes when the running ones are done. */
  #retire(connection: Connection): void {
    this.#remove(connection)
    if (connection.retired) return
    connection.retired = true
    if (connection.inFlight === 0) void connection.peer.close()
  }

  #retryLater(): void {
    const waitMs = this.#reachability.retryInMs()
    if (waitMs === undefined || this.#closed) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#warm(NOBODY), waitMs)
    this.#retryTimer.unref()
  }

  /** An idle process costs memory; the next call starts it again. */
  #stopIdle(): void {
    if (this.server.target.kind !== 'hosted') return
    const before = this.#options.clock.now() - IDLE_PROCESS_MS
    for (const connection of this.#connections.values()) {
      if (connection.inFlight === 0 && connection.lastUsed < before) this.#retire(connection)
    }
  }

  /** The credential was set, replaced or removed: old connections end, and what was wrong may be mended. */
  credentialChanged(): void {
    this.#credentialChanges++
    this.#connecting.clear()
    for (const connection of [...this.#connections.values()]) this.#retire(connection)
    this.#reachability.reset()
    void this.#warm(NOBODY)
  }

  /** Replaces the resources whose changes `onResourceUpdated` tells. */
  subscribe(uris: ReadonlySet<string>): void {
    const before = this.#subscriptions
    this.#subscriptions = new Set(uris)
    for (const connection of this.#connections.values()) this.#applySubscriptions(connection, before)
  }

  #applySubscriptions(
    { peer, capabilityKey: key }: Connection,
    before: ReadonlySet<string> = new Set(),
  ): void {
    if (peer instanceof ModernPeer) return peer.subscribe(this.#subscriptions)
    if (key !== '' && this.#connections.size > 1) return
    const ask = (method: string, uri: string) =>
      peer.call(
        { method, params: { uri }, identity: { clientInfo: undefined, capabilities: {} }, owner: '' },
        SILENT,
      )
    for (const uri of this.#subscriptions) if (!before.has(uri)) ask('resources/subscribe', uri)
    for (const uri of before) if (!this.#subscriptions.has(uri)) ask('resources/unsubscribe', uri)
  }

  /** Connects and lists anew, whatever happened before. */
  async check(): Promise<ServerHealth> {
    this.#reachability.reset()
    const connection = await this.#connection(NOBODY).catch(() => undefined)
    if (connection !== undefined) await this.#refresh(connection).catch(() => {})
    return this.health()
  }

  health(): ServerHealth {
    const error = this.#reachability.problem()
    const tools =
      this.#listings.get('')?.listing.tools.length ??
      this.#listings.values().next().value?.listing.tools.length ??
      0
    const base = { tools, ...(this.#era && { era: this.#era }) }
    if (error !== undefined) return { ...base, status: statusOf(error), error: describe(error, this.#noise) }
    return { ...base, status: this.#listings.size > 0 ? 'ready' : 'connecting' }
  }

  /** Resolves when every connection and process is gone. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retryTimer)
    clearInterval(this.#idleTimer)
    const open = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.allSettled(open.map(({ peer }) => peer.close()))
    await this.#pool?.destroy()
  }
}

const SILENT: PeerListener = {
  notification() {},
  request: () => Promise.reject(new Error('Nobody is asking.')),
  reply() {},
  failure() {},
}

function statusOf({ code }: GatewayError): ServerHealth['status'] {
  return code === 'needs_credential' ? 'needs_credential' : 'failing'
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
