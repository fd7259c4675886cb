import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'
import { asGatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import type { Connection, Connections } from './connections.ts'
import { askForLists, type Listing, mergeLists, type OtherLists, readListing } from './listing.ts'
import { NOBODY, type PeerProfile } from './peer.ts'
import type { Reachability } from './reachability.ts'

export interface ListingsOptions {
  server: Server
  /** What the server last offered, as text: shown until it answers again, so that names stay the same over a restart. */
  loadOffer(): Promise<string | undefined>
  saveOffer(offer: string): void
  clock: Clock
  /**
   * Looks at a new listing before anybody is shown it, of callers with these capabilities. Never rejects.
   */
  admit(listing: Listing, capabilityKey: string): Promise<void>
  /** What the server offers may have changed. */
  onListing(): void
}

const LIST_AGE_MS = 5 * 60_000
/** Longer than nearly every server takes to start and list, shorter than the hastiest client's limit of 5 s. */
const FIRST_LISTING_MS = 2_500
/** How long tools wait for the server's other lists, so that callers are told once and not twice. */
const OTHER_LISTS_MS = 100
const LIST_RETRY_MS = { first: 1_000, most: 60_000 }

type ListingChange = (before: Listing | undefined) => Listing

interface Refresh {
  again: boolean
  /** When its tools are shown, or everything that is asked for again. */
  done: Promise<void>
}

/** The last good lists of one server: what is shown, when it is asked anew, and when again after it failed. */
export class Listings {
  readonly #server: Server
  readonly #options: ListingsOptions
  readonly #connections: Connections
  readonly #reachability: Reachability
  readonly #listings = new Map<string, { listing: Listing; fetchedAt: number }>()
  readonly #refreshing = new Map<Connection, Refresh>()
  readonly #firstWaits = new Map<string, { over: boolean; promise: Promise<void> }>()
  #showing: Promise<void> = Promise.resolve()
  #failures = 0
  #closed = false
  #retryTimer: NodeJS.Timeout | undefined
  #savedOffer: string | undefined
  /** Resolves, never rejects, when what was remembered is shown. */
  readonly #remembered: Promise<void>
  /** Resolves, never rejects, when the first attempt to connect and list has ended. */
  readonly settled: Promise<void>

  /** Begins at once to connect and list. */
  constructor(options: ListingsOptions, connections: Connections, reachability: Reachability) {
    this.#server = options.server
    this.#options = options
    this.#connections = connections
    this.#reachability = reachability
    this.#remembered = this.#showRemembered().catch(() => {})
    this.settled = this.warm(NOBODY)
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
    const exact = this.#listings.get(this.#connections.capabilityKey(profile))
    if (exact !== undefined) this.#refreshOld(profile, exact.fetchedAt)
    return (exact ?? this.#listings.get('') ?? this.#listings.values().next().value)?.listing
  }

  /**
   * What a caller should wait for before it lists: the first answer for callers of its kind, for a moment. Undefined
   * when there is an answer, when the server is known to be in trouble, or when the moment has passed.
   */
  preparing(profile: PeerProfile): Promise<void> | undefined {
    if (
      this.#listings.has(this.#connections.capabilityKey(profile)) ||
      this.#reachability.problem() !== undefined
    )
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
      this.#listings.has(this.#connections.capabilityKey(profile)) ||
      this.#reachability.problem() !== undefined
    const prepared = this.#remembered
      .then(() => (isReady() ? undefined : this.settled))
      .then(() => (isReady() ? undefined : this.warm(profile)))
    return Promise.race([prepared, delay(FIRST_LISTING_MS, undefined, { ref: false })])
  }

  /** How many lists there are, one for each kind of caller. */
  get size(): number {
    return this.#listings.size
  }

  /** The tools that callers without capabilities see, or else the first kind that was listed for. */
  get toolCount(): number {
    const shown = this.#listings.get('') ?? this.#listings.values().next().value
    return shown?.listing.tools.length ?? 0
  }

  /** Connects and lists. Never rejects: the health says what is wrong, and it is tried again later. */
  async warm(profile: PeerProfile): Promise<void> {
    try {
      const connection = await this.#connections.open(profile)
      await this.refresh(connection)
    } catch {
      // The health says what is wrong; whoever calls is told again. An attempt that came too early is made later.
      this.retryLater()
    }
    this.#options.onListing()
  }

  /** Lists anew. Asked while that runs, it lists once more: the answer on its way may be from before the change. */
  refresh(connection: Connection): Promise<void> {
    const running = this.#refreshing.get(connection)
    if (running !== undefined) {
      running.again = true
      return running.done
    }
    const state: Refresh = { again: false, done: Promise.resolve() }
    state.done = this.#list(connection, state).finally(() => this.#refreshing.delete(connection))
    this.#refreshing.set(connection, state)
    return state.done
  }

  async #list(connection: Connection, state: Refresh): Promise<void> {
    const changes = this.#connections.credentialChanges
    try {
      do {
        state.again = false
        const lists = askForLists(connection.peer)
        const tools = await lists.tools
        const others = await Promise.race([lists.others, delay(OTHER_LISTS_MS, undefined, { ref: false })])
        await this.#show(connection, changes, (before) => mergeLists(before, tools, others))
        this.#failures = 0
        if (others === undefined) void this.#showLater(connection, changes, lists.others)
      } while (state.again)
    } catch (error) {
      this.#listingFailed(connection, changes, error)
      throw error
    }
  }

  async #showLater(connection: Connection, changes: number, coming: Promise<OtherLists>): Promise<void> {
    try {
      const others = await coming
      await this.#show(connection, changes, (before) => mergeLists(before, before?.tools ?? [], others))
    } catch (error) {
      this.#listingFailed(connection, changes, error)
    }
  }

  /** One after the other: each begins with what the one before left. */
  #show(connection: Connection, changes: number, change: ListingChange): Promise<void> {
    const shown = this.#showing.then(() => this.#showNext(connection, changes, change))
    this.#showing = shown.catch(() => {})
    return shown
  }

  async #showNext({ capabilityKey }: Connection, changes: number, change: ListingChange): Promise<void> {
    // What an old credential could see says nothing about the new one.
    const isOld = () => this.#connections.credentialChanges !== changes
    if (isOld()) return
    const listing = change(this.#listings.get(capabilityKey)?.listing)
    await this.#options.admit(listing, capabilityKey)
    if (isOld()) return
    this.#listings.set(capabilityKey, { listing, fetchedAt: this.#options.clock.now() })
    if (capabilityKey === '') this.#remember(listing)
    this.#options.onListing()
  }

  #listingFailed(connection: Connection, changes: number, error: unknown): void {
    if (this.#connections.credentialChanges !== changes) return
    this.#failures++
    this.#reachability.failed(asGatewayError(error), undefined)
    // A remote session may be forgotten over there: the next attempt opens a new one.
    if (this.#server.target.kind === 'remote') this.#connections.retire(connection)
    this.retryLater()
  }

  /** Lists anew on the connection that such callers have open, if they have one. */
  refreshFor(profile: PeerProfile): void {
    const connection = this.#connections.ready(profile)
    if (connection !== undefined) this.refresh(connection).catch(() => {})
  }

  /** Not every server tells when its lists change. */
  #refreshOld(profile: PeerProfile, fetchedAt: number): void {
    if (this.#options.clock.now() - fetchedAt < LIST_AGE_MS) return
    this.refreshFor(profile)
  }

  retryLater(): void {
    const waitMs = this.#reachability.retryInMs()
    if (waitMs === undefined || this.#closed) return
    const { first, most } = LIST_RETRY_MS
    const listWaitMs = this.#failures === 0 ? 0 : Math.min(first * 2 ** (this.#failures - 1), most)
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.warm(NOBODY), Math.max(waitMs, listWaitMs))
    this.#retryTimer.unref()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retryTimer)
  }
}
