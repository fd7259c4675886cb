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
import { fetchListing, type Listing, readListing } from './listing.ts'
import { ModernPeer } from './modern-peer.ts'
import { NOBODY, type Peer, type PeerListener, type PeerProfile, type PeerRequest } from './peer.ts'
import { createReachability, type Reachability } from './reachability.ts'
import type { ReplyRoom } from './reply-room.ts'
import { runLimited } from './run-limited.ts'

export interface UpstreamOptions {
  server: Server
  credentials: CredentialSource
  guard: AddressGuard
  hosting: ConnectOptions['hosting']
  loadVerdict(): Promise<EraVerdict | undefined>
  saveVerdict(verdict: EraVerdict): void
  /** What the server last offered, as text: shown until it answers again, so that names stay the same over a restart. */
  loadOffer(): Promise<string | undefined>
  saveOffer(offer: string): void
  clock: Clock
  random: Random
  replies: ReplyRoom
  /** How many calls it gets at a time at most. */
  maxCalls: number
  /**
   * Looks at a new listing before anybody is shown it, of callers with these capabilities. Never rejects.
   */
  admit(listing: Listing, capabilityKey: string): Promise<void>
  /** What the server offers may have changed. */
  onListing(): void
  onResourceUpdated(uri: string): void
  /** The value of the header `Mcpgw-Hops`, asked for each request. */
  hops(): string
}

interface Connection {
  peer: Peer
  capabilityKey: string
  credentialVersion: number
  inFlight: number
  lastUsed: number
  retired: boolean
}

const DAY_MS = 86_400_000
const LIST_AGE_MS = 5 * 60_000
/** Longer than nearly every server takes to start and list, shorter than the hastiest client's limit of 5 s. */
const FIRST_LISTING_MS = 2_500
const IDLE_MS = 10 * 60_000
/** Where callers do not share, each may need a connection of their own: a process, or a socket that stays open. */
const MAX_CONNECTIONS = { hosted: 32, remote: 100 }
const LIST_RETRY_MS = { first: 1_000, most: 60_000 }

/** One enabled server of a workspace: its connections, its last good lists and how it is doing. */
export class Upstream {
  readonly server: Server
  readonly #options: UpstreamOptions
  readonly #pool: Pool | undefined
  readonly #reachability: Reachability
  readonly #connections = new Map<string, Connection>()
  readonly #connecting = new Map<string, Promise<Connection>>()
  readonly #listings = new Map<string, { listing: Listing; fetchedAt: number }>()
  readonly #refreshing = new Map<Connection, { again: boolean; done: Promise<void> }>()
  readonly #firstWaits = new Map<string, { over: boolean; promise: Promise<void> }>()
  #subscriptions = new Set<string>()
  #era: Peer['era'] | undefined
  #identity: Peer['identity'] | undefined
  #listFailures = 0
  #noise = 0
  #lastId = 0
  /** Counted, so that a connection begun before a change is not used after it. */
  #credentialChanges = 0
  #closed = false
  #retryTimer: NodeJS.Timeout | undefined
  readonly #idleTimer: NodeJS.Timeout
  #savedOffer: string | undefined
  /** Resolves, never rejects, when what was remembered is shown. */
  readonly #remembered: Promise<void>
  /** Resolves, never rejects, when the first attempt to connect and list has ended. */
  readonly settled: Promise<void>

  constructor(options: UpstreamOptions) {
    this.server = options.server
    this.#options = options
    const { target } = options.server
    this.#pool =
      target.kind === 'remote'
        ? openHttpPool(new URL(target.url).origin, options.guard, options.maxCalls)
        : undefined
    this.#reachability = createReachability(options)
    this.#idleTimer = setInterval(() => this.#stopIdle(), 60_000)
    this.#idleTimer.unref()
    this.#remembered = this.#showRemembered().catch(() => {})
    this.settled = this.#warm(NOBODY)
  }

  async #showRemembered(): Promise<void> {
    this.#savedOffer = await this.#options.loadOffer()
    const listing = this.#savedOffer === undefined ? undefined : readListing(this.#savedOffer)
    if (listing === undefined || this.#listings.has('')) return
    await this.#options.admit(listing, '')
    // The server may have answered meanwhile.
    if (this.#listings.has('')) return
    this.#listings.set('', { listing, fetchedAt: this.#options.clock.now() })
    this.#options.onListing()
  }

  #remember(listing: Listing): void {
    const offer = JSON.stringify(listing)
    if (offer === this.#savedOffer) return
    this.#savedOffer = offer
    this.#options.saveOffer(offer)
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
    const isReady = () =>
      this.#listings.has(this.#listingKey(profile)) || this.#reachability.problem() !== undefined
    const prepared = this.#remembered
      .then(() => (isReady() ? undefined : this.settled))
      .then(() => (isReady() ? undefined : this.#warm(profile)))
    return Promise.race([prepared, delay(FIRST_LISTING_MS, undefined, { ref: false })])
  }

  /** The era it spoke when last met. */
  get era(): Peer['era'] | undefined {
    return this.#era
  }

  /** What it said of itself when last met. */
  get identity(): Peer['identity'] | undefined {
    return this.#identity
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
        // Many servers say 400 of a session they forgot: this request is not sent again, but the next gets a new one.
        if (failure.status === 400 && connection.peer.era === 'legacy') this.#retire(connection)
        // An answer that is too large is a sign of life: whoever asks for such must not stop the server for others.
        if (failure.error.code !== 'too_large')
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
    this.#makeRoom()
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

  /** Throws `too_many` when as many connections as there may be are at work. */
  #makeRoom(): void {
    const count = this.#connections.size + this.#connecting.size
    if (count < MAX_CONNECTIONS[this.server.target.kind]) return
    const [longestIdle] = this.#idleConnections().sort((one, other) => one.lastUsed - other.lastUsed)
    if (longestIdle !== undefined) return this.#retire(longestIdle)
    throw new GatewayError('too_many', `"${this.server.name}" is in use by too many callers.`, {
      fix: 'Try again later, or let callers share the server: set its isolation to "shared".',
    })
  }

  /** All but the gateway's own, on which a remote server tells of changes. */
  #idleConnections(): Connection[] {
    return [...this.#connections].flatMap(([key, connection]) => {
      const isOwn = key === this.#key(NOBODY, connection.credentialVersion)
      return isOwn || connection.inFlight > 0 ? [] : [connection]
    })
  }

  async #open(profile: PeerProfile, credentialVersion: number, changes: number): Promise<Connection> {
    const { clock, credentials, hosting, replies, hops } = this.#options
    let connection: Connection | undefined
    const peer = await connect(
      {
        server: this.server,
        credentials,
        pool: this.#pool,
        hosting,
        verdict: await this.#freshVerdict(),
        replies,
        hops,
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
    return this.#adopt(profile, connection)
  }

  /** Gives the connection to use, which is another one where two callers connected before the era was known. */
  #adopt(profile: PeerProfile, connection: Connection): Connection {
    const { peer, credentialVersion } = connection
    if (this.#closed) {
      void peer.close()
      throw new GatewayError('upstream_unavailable', `"${this.server.name}" was removed or changed.`)
    }
    this.#era = peer.era
    this.#identity = peer.identity
    this.#options.saveVerdict({
      serverId: this.server.id,
      era: peer.era,
      transport: peer.transport,
      foundAt: this.#options.clock.now(),
    })
    const key = this.#key(profile, credentialVersion)
    for (const other of [...this.#connections.values()]) {
      if (other.credentialVersion !== credentialVersion || other.peer.era !== peer.era) this.#retire(other)
    }
    const earlier = this.#connections.get(key)
    if (earlier !== undefined) {
      void peer.close()
      return earlier
    }
    this.#connections.set(key, connection)
    this.#applySubscriptions(connection)
    return connection
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
      // The health says what is wrong; whoever calls is told again. An attempt that came too early is made later.
      this.#retryLater()
    }
    this.#options.onListing()
  }

  /** Lists anew. Asked while that runs, it lists once more: the answer on its way may be from before the change. */
  #refresh(connection: Connection): Promise<void> {
    const running = this.#refreshing.get(connection)
    if (running !== undefined) {
      running.again = true
      return running.done
    }
    const state = { again: false, done: Promise.resolve() }
    state.done = this.#list(connection, state).finally(() => this.#refreshing.delete(connection))
    this.#refreshing.set(connection, state)
    return state.done
  }

  async #list(connection: Connection, state: { again: boolean }): Promise<void> {
    const changes = this.#credentialChanges
    try {
      do {
        state.again = false
        const listing = await fetchListing(connection.peer)
        // What an old credential could see says nothing about the new one.
        if (this.#credentialChanges !== changes) return
        await this.#options.admit(listing, connection.capabilityKey)
        if (this.#credentialChanges !== changes) return
        this.#listFailures = 0
        this.#listings.set(connection.capabilityKey, { listing, fetchedAt: this.#options.clock.now() })
        if (connection.capabilityKey === '') this.#remember(listing)
        this.#options.onListing()
      } while (state.again)
    } catch (error) {
      if (this.#credentialChanges !== changes) return
      this.#listFailures++
      this.#reachability.failed(asGatewayError(error), undefined)
      // A remote session may be forgotten over there: the next attempt opens a new one.
      if (this.server.target.kind === 'remote') this.#retire(connection)
      this.#retryLater()
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
    const { first, most } = LIST_RETRY_MS
    const listWaitMs = this.#listFailures === 0 ? 0 : Math.min(first * 2 ** (this.#listFailures - 1), most)
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#warm(NOBODY), Math.max(waitMs, listWaitMs))
    this.#retryTimer.unref()
  }

  /** An idle process costs memory, an idle session a socket; the next call opens it again. */
  #stopIdle(): void {
    const isHosted = this.server.target.kind === 'hosted'
    const before = this.#options.clock.now() - IDLE_MS
    for (const connection of isHosted ? [...this.#connections.values()] : this.#idleConnections()) {
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
    return {
      ...base,
      status: this.#identity !== undefined && this.#listings.size > 0 ? 'ready' : 'connecting',
    }
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
