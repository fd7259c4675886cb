import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'undici'
import type { Clock } from '../model/clock.ts'
import type { OpenCredential } from '../model/credential.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { EraVerdict, Server } from '../model/server.ts'
import type { RpcNotification } from '../protocol/message.ts'
import type { AddressGuard } from './address-guard.ts'
import type { Channel } from './channel.ts'
import { type ConnectOptions, connect } from './connect.ts'
import type { CredentialSource } from './credential-source.ts'
import { openHttpPool } from './http-client.ts'
import { ModernPeer } from './modern-peer.ts'
import { NOBODY, type Peer, type PeerListener, type PeerProfile } from './peer.ts'
import type { Reachability } from './reachability.ts'
import type { ReplyRoom } from './reply-room.ts'

export interface ConnectionsOptions {
  server: Server
  credentials: CredentialSource
  guard: AddressGuard
  hosting: ConnectOptions['hosting']
  /** What is kept of an API's description, as text. */
  loadPlan(): Promise<string | undefined>
  loadVerdict(): Promise<EraVerdict | undefined>
  saveVerdict(verdict: EraVerdict): void
  clock: Clock
  replies: ReplyRoom
  /** How many calls it gets at a time at most. */
  maxCalls: number
  /** The value of the header `Mcpgw-Hops`, asked for each request. */
  hops(): string
}

/** What becomes of them that others have to know. */
export interface ConnectionsEvents {
  /** The server said something on its own to callers like this one. */
  told(message: RpcNotification, profile: PeerProfile): void
  /** An attempt to connect failed. */
  failed(): void
  /** One broke that was in use. */
  lost(): void
}

export interface Connection {
  readonly peer: Peer
  /** What callers who see the same lists have in common. */
  readonly capabilityKey: string
  /** `since` of the credential that it was opened with. */
  readonly credentialVersion: number
  inFlight: number
  lastUsed: number
  retired: boolean
}

const DAY_MS = 86_400_000
const IDLE_MS = 10 * 60_000
/** Where callers do not share, each may need a connection of their own: a process, or a socket that stays open. */
const MAX_CONNECTIONS = { hosted: 32, remote: 100, openapi: 100 }

/** The connections to one server: for whom there is one, when one is opened, and when it ends. */
export class Connections {
  readonly #server: Server
  readonly #options: ConnectionsOptions
  readonly #reachability: Reachability
  readonly #events: ConnectionsEvents
  readonly #pool: Pool | undefined
  readonly #connections = new Map<string, Connection>()
  readonly #connecting = new Map<string, Promise<Connection>>()
  /** Processes that have not answered yet. */
  readonly #starting = new Set<Channel>()
  #subscriptions = new Set<string>()
  #era: Peer['era'] | undefined
  #identity: Peer['identity'] | undefined
  #noise = 0
  #lastId = 0
  #credentialChanges = 0
  #closed = false
  readonly #idleTimer: NodeJS.Timeout

  constructor(options: ConnectionsOptions, reachability: Reachability, events: ConnectionsEvents) {
    this.#server = options.server
    this.#options = options
    this.#reachability = reachability
    this.#events = events
    const { target } = options.server
    this.#pool =
      target.kind === 'hosted'
        ? undefined
        : openHttpPool(new URL(target.url).origin, options.guard, options.maxCalls)
    this.#idleTimer = setInterval(() => this.#stopIdle(), 60_000)
    this.#idleTimer.unref()
  }

  /** The era the server spoke when last met. */
  get era(): Peer['era'] | undefined {
    return this.#era
  }

  /** What the server said of itself when last met. */
  get identity(): Peer['identity'] | undefined {
    return this.#identity
  }

  /** How many lines on its standard output were no messages. */
  get noise(): number {
    return this.#noise
  }

  /** Counted, so that what was begun before a change is not used after it. */
  get credentialChanges(): number {
    return this.#credentialChanges
  }

  /** The open connection for such a caller, if there is one. */
  ready(profile: PeerProfile): Connection | undefined {
    const credential = this.#options.credentials.peek()
    if (credential === 'unknown') return undefined
    return this.#connections.get(this.#key(profile, credential?.since ?? 0))
  }

  /** The connection for such a caller, opened if need be. Throws GatewayError when that fails. */
  async open(profile: PeerProfile): Promise<Connection> {
    const known = this.#options.credentials.peek()
    const credential = known === 'unknown' ? await this.#load() : known
    const key = this.#key(profile, credential?.since ?? 0)
    const ready = this.#connections.get(key)
    if (ready !== undefined) return ready
    const running = this.#connecting.get(key)
    if (running !== undefined) return running
    const connecting = this.#connect(profile, credential, 'first').finally(() => {
      if (this.#connecting.get(key) === connecting) this.#connecting.delete(key)
    })
    this.#connecting.set(key, connecting)
    return connecting
  }

  /** Tokens that cannot be renewed are shown as what is wrong with the server; a database that is busy says nothing of it. */
  async #load(): Promise<OpenCredential | undefined> {
    try {
      return await this.#options.credentials.load()
    } catch (error) {
      const problem = asGatewayError(error)
      if (problem.code !== 'needs_login' && !problem.code.startsWith('upstream_')) throw problem
      this.#reachability.failedToConnect(problem)
      this.#events.failed()
      throw problem
    }
  }

  async #connect(
    profile: PeerProfile,
    credential: OpenCredential | undefined,
    attempt: 'first' | 'again',
  ): Promise<Connection> {
    const changes = this.#credentialChanges
    this.#makeRoom()
    const waitMs = this.#reachability.requireAttempt()
    if (waitMs > 0) await delay(waitMs, undefined, { ref: false })
    if (this.#closed)
      throw new GatewayError('upstream_unavailable', `"${this.#server.name}" was removed or changed.`)
    try {
      const connection = await this.#connectPeer(profile, credential?.since ?? 0, changes)
      this.#reachability.connected()
      return connection
    } catch (error) {
      // What came of an attempt with an old credential says nothing about the new one.
      if (this.#credentialChanges !== changes && !this.#closed) return this.open(profile)
      const renewing = attempt === 'first' ? await this.#renewing(error, credential) : undefined
      if (renewing === 'renewed') return this.#connect(profile, credential, 'again')
      const problem = renewing ?? asGatewayError(error)
      this.#reachability.failedToConnect(problem)
      this.#events.failed()
      throw problem
    }
  }

  /** Where connecting was refused for its tokens: whether there are others now, or why there are none. */
  async #renewing(
    error: unknown,
    credential: OpenCredential | undefined,
  ): Promise<'renewed' | GatewayError | undefined> {
    const { refused } = this.#options.credentials
    const hadTokens = credential?.login?.tokens !== undefined
    if (asGatewayError(error).code !== 'needs_login' || !hadTokens || refused === undefined) return undefined
    return refused(credential.version).then((isOther) => (isOther ? 'renewed' : undefined), asGatewayError)
  }

  /** Throws `too_many` when as many connections as there may be are at work. */
  #makeRoom(): void {
    const count = this.#connections.size + this.#connecting.size
    if (count < MAX_CONNECTIONS[this.#server.target.kind]) return
    const [longestIdle] = this.#idleConnections().sort((one, other) => one.lastUsed - other.lastUsed)
    if (longestIdle !== undefined) return this.retire(longestIdle)
    throw new GatewayError('too_many', `"${this.#server.name}" is in use by too many callers.`, {
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

  async #connectPeer(profile: PeerProfile, credentialVersion: number, changes: number): Promise<Connection> {
    const { clock, credentials, hosting, replies, hops, loadPlan } = this.#options
    let connection: Connection | undefined
    const begun: Channel[] = []
    const peer = await connect(
      {
        server: this.#server,
        credentials,
        pool: this.#pool,
        hosting,
        loadPlan,
        verdict: await this.#freshVerdict(),
        replies,
        hops,
        nextId: () => ++this.#lastId,
        noise: () => this.#noise++,
        started: (channel) => {
          begun.push(channel)
          this.#starting.add(channel)
          if (this.#closed) void channel.close()
        },
        events: {
          notification: (message) => this.#events.told(message, profile),
          closed: (error) => {
            if (connection !== undefined) this.#lost(connection, error)
          },
        },
      },
      profile,
    ).finally(() => {
      for (const channel of begun) this.#starting.delete(channel)
    })
    if (this.#credentialChanges !== changes) {
      void peer.close()
      throw new Error('The credential has changed.')
    }
    connection = {
      peer,
      capabilityKey: keyOfLists(peer.era, profile),
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
      throw new GatewayError('upstream_unavailable', `"${this.#server.name}" was removed or changed.`)
    }
    this.#era = peer.era
    this.#identity = peer.identity
    this.#noteVerdict(peer)
    const key = this.#key(profile, credentialVersion)
    for (const other of [...this.#connections.values()]) {
      if (other.credentialVersion !== credentialVersion || other.peer.era !== peer.era) this.retire(other)
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

  #noteVerdict({ era, transport }: Peer): void {
    // Of an API there is nothing to find out.
    if (transport === 'http') return
    this.#options.saveVerdict({
      serverId: this.#server.id,
      era,
      transport,
      foundAt: this.#options.clock.now(),
    })
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
    const { isolation } = this.#server
    return isolation === 'shared' ? '' : isolation === 'per-session' ? session : member
  }

  /** What a caller has in common with those who see the same lists. */
  capabilityKey(profile: PeerProfile): string {
    return keyOfLists(this.#era, profile)
  }

  /** A request begins on it. */
  begun(connection: Connection): void {
    connection.inFlight++
    connection.lastUsed = this.#options.clock.now()
  }

  /** A request on it is over. */
  ended(connection: Connection): void {
    connection.inFlight--
    if (connection.retired && connection.inFlight === 0) void connection.peer.close()
  }

  #lost(connection: Connection, error: GatewayError): void {
    this.#remove(connection)
    if (connection.retired) return
    this.#reachability.crashed(error)
    void connection.peer.close()
    this.#events.lost()
  }

  #remove(connection: Connection): void {
    for (const [key, other] of this.#connections) if (other === connection) this.#connections.delete(key)
  }

  /** Takes no new requests; closes when the running ones are done. */
  retire(connection: Connection): void {
    this.#remove(connection)
    if (connection.retired) return
    connection.retired = true
    if (connection.inFlight === 0) void connection.peer.close()
  }

  /** An idle process costs memory, an idle session a socket; the next call opens it again. */
  #stopIdle(): void {
    const isHosted = this.#server.target.kind === 'hosted'
    const before = this.#options.clock.now() - IDLE_MS
    for (const connection of isHosted ? [...this.#connections.values()] : this.#idleConnections()) {
      if (connection.inFlight === 0 && connection.lastUsed < before) this.retire(connection)
    }
  }

  /** The credential was set, replaced or removed: whatever was opened with the old one ends. */
  credentialChanged(): void {
    this.#credentialChanges++
    this.#connecting.clear()
    for (const connection of [...this.#connections.values()]) this.retire(connection)
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

  /** Resolves when every connection and process is gone. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#idleTimer)
    const open = [...[...this.#connections.values()].map(({ peer }) => peer), ...this.#starting]
    this.#connections.clear()
    await Promise.allSettled(open.map((each) => each.close()))
    await this.#pool?.destroy()
  }
}

/** Modern servers show everybody the same. */
function keyOfLists(era: Peer['era'] | undefined, profile: PeerProfile): string {
  return era === 'modern' ? '' : profile.capabilityKey
}

const SILENT: PeerListener = {
  notification() {},
  request: () => Promise.reject(new Error('Nobody is asking.')),
  reply() {},
  failure() {},
}
