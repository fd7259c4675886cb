import type { Policy } from '../access/policy.ts'
import { offeredTools } from '../aggregation/offered-tools.ts'
import { buildIndex, type ServerOffer, type WorkspaceIndex } from '../aggregation/workspace-index.ts'
import { createView, type WorkspaceView } from '../aggregation/workspace-view.ts'
import type { Change, ChangeBus } from '../model/change.ts'
import type { OfferedTool } from '../model/inspector.ts'
import type { WorkspacePins } from '../model/pin.ts'
import type { Server, ServerHealth, ServerStatus } from '../model/server.ts'
import type { ServerStore } from '../model/stores.ts'
import type { Workspace } from '../model/workspace.ts'
import { NOBODY } from '../upstream/peer.ts'
import type { Upstream, UpstreamOptions } from '../upstream/upstream.ts'
import type { Caller } from './caller.ts'
import { Hops } from './hops.ts'
import { type PinKeeping, ServerPins } from './server-pins.ts'

/** A connected client that wants to hear of changes. */
export interface ChangeListener {
  caller: Caller
  listChanged(kind: ChangeKind): void
  resourceUpdated(uri: string): void
  /** The resources it subscribed to, by the URIs it knows. */
  subscriptions(): Iterable<string>
}

export const CHANGE_KINDS = ['tools', 'prompts', 'resources'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

export type OpenUpstream = (
  server: Server,
  events: Pick<UpstreamOptions, 'admit' | 'hops' | 'onListing' | 'onResourceUpdated'>,
) => Upstream

interface Entry {
  server: Server
  /** Absent while the server is disabled. */
  running: Running | undefined
}

interface Running {
  upstream: Upstream
  pins: ServerPins
}

/** What all workspaces at work have in common. */
export interface RuntimeOptions {
  servers: ServerStore
  bus: ChangeBus
  openUpstream: OpenUpstream
  pins: PinKeeping
}

interface Prepared {
  index: WorkspaceIndex
  views: WeakMap<Policy, WorkspaceView>
  /** With the tools that the servers' own selections leave out; made when somebody asks for one. */
  unselected?: WorkspaceIndex
}

export interface HiddenTool {
  server: string
  tool?: string
  reason: 'tool_not_selected' | 'server_disabled'
}

/** Changes that come together are told together. */
const TELL_AFTER_MS = 50
const RELOAD_AFTER_MS = 1_000

/** One workspace at work: its servers, what callers see of them, and who wants to hear of changes. */
export class WorkspaceRuntime implements AsyncDisposable {
  workspace: Workspace
  readonly hops: Hops
  readonly #options: RuntimeOptions
  readonly #stopListening: (() => void)[]
  #entries = new Map<string, Entry>()
  #indexes = new Map<string, Prepared>()
  readonly #listeners = new Map<ChangeListener, Map<ChangeKind, string>>()
  #tellTimer: NodeJS.Timeout | undefined
  #reloadTimer: NodeJS.Timeout | undefined
  #loading: Promise<void> | undefined
  #loadAgain = false
  #closed = false

  constructor(workspace: Workspace, options: RuntimeOptions) {
    this.workspace = workspace
    this.hops = new Hops(workspace.id)
    this.#options = options
    const { bus } = options
    this.#stopListening = [bus.subscribe((change) => this.#hear(change)), bus.onGap(() => this.#reload())]
    this.#reload()
  }

  /** The slug stays for life; only the name for people changes. */
  rename(workspace: Workspace): void {
    this.workspace = workspace
  }

  /**
   * What to wait for before looking at the view: configuration being read, or servers that have not had their first
   * chance to answer. Undefined, nearly always, when there is nothing.
   */
  preparing(caller: Caller): Promise<unknown> | undefined {
    if (this.#loading !== undefined) return this.#loading.then(() => this.preparing(caller))
    const waits = this.#running().map(({ upstream }) => upstream.preparing(caller.profile))
    const pending = waits.filter((wait) => wait !== undefined)
    return pending.length === 0 ? undefined : Promise.all(pending)
  }

  /** Configuration being read after a change, if it is. */
  get loading(): Promise<void> | undefined {
    return this.#loading
  }

  /** The workspace as this caller may see it, by each server's last good answer. */
  view({ profile, policy }: Pick<Caller, 'profile' | 'policy'>): WorkspaceView {
    const prepared = this.#indexFor(profile)
    const known = prepared.views.get(policy)
    if (known !== undefined) return known
    const view = createView(
      prepared.index,
      ({ server, own, readOnly, heldBack }) =>
        !heldBack && policy.decide({ server: server.name, tool: own, readOnly }).allowed,
      this.#resourceServers(policy),
    )
    prepared.views.set(policy, view)
    return view
  }

  /** Everything there is, whoever asks: for saying in the log why somebody was refused. */
  index(caller: Caller): WorkspaceIndex {
    return this.#indexFor(caller.profile).index
  }

  /** Why a tool that is in nobody's view is not, where that is known: for the log alone. */
  hiddenTool({ profile }: Caller, shown: string): HiddenTool | undefined {
    const prepared = this.#indexFor(profile)
    prepared.unselected ??= buildIndex(
      this.#offers(profile).map((offer) => ({ ...offer, server: { ...offer.server, tools: {} } })),
    )
    const route = prepared.unselected.tools.get(shown)
    if (route !== undefined)
      return { server: route.server.name, tool: route.own, reason: 'tool_not_selected' }
    const disabled = [...this.#entries.values()].find(
      ({ server, running }) => running === undefined && shown.startsWith(`${server.name}__`),
    )
    return disabled && { server: disabled.server.name, reason: 'server_disabled' }
  }

  #indexFor(profile: Caller['profile']) {
    const known = this.#indexes.get(profile.capabilityKey)
    if (known !== undefined) return known
    const prepared: Prepared = { index: buildIndex(this.#offers(profile)), views: new WeakMap() }
    this.#indexes.set(profile.capabilityKey, prepared)
    return prepared
  }

  #offers(profile: Caller['profile']): ServerOffer[] {
    return [...this.#entries.values()].flatMap(({ server, running }) => {
      const listing = running?.upstream.listing(profile)
      if (running === undefined || listing === undefined) return []
      return [{ server, ...listing, heldBack: running.pins.heldBack(listing) }]
    })
  }

  #resourceServers(policy: Policy): Server[] {
    return [...this.#entries.values()]
      .filter(
        ({ server, running }) =>
          running?.upstream.identity?.capabilities.resources && policy.maySee(server.name),
      )
      .map(({ server }) => server)
  }

  /** Every tool of one server, for those who decide what is shown of it. Waits for its first chance to answer. */
  async offeredTools(serverId: string): Promise<OfferedTool[]> {
    await this.#loading
    await this.upstream(serverId)?.preparing(NOBODY)
    return offeredTools(this.#offers(NOBODY), serverId)
  }

  upstream(serverId: string): Upstream | undefined {
    return this.#entries.get(serverId)?.running?.upstream
  }

  servers(): Server[] {
    return Array.from(this.#entries.values(), ({ server }) => server)
  }

  /** Of each server, without looking at its tools. */
  statuses(): ServerStatus[] {
    return Array.from(this.#entries.values(), ({ server, running }) =>
      server.enabled ? (running?.upstream.health().status ?? 'connecting') : 'disabled',
    )
  }

  health(server: Server): ServerHealth {
    if (!server.enabled) return { status: 'disabled', tools: 0 }
    const { running } = this.#entries.get(server.id) ?? {}
    const health = running?.upstream.health() ?? { status: 'connecting', tools: 0 }
    return { ...health, ...running?.pins.counts(), tools: this.#shownTools(server) }
  }

  /** How many of its tools callers are shown: a selection, or a need of tasks, may leave some out. */
  #shownTools(server: Server): number {
    const { tools } = this.#indexFor(NOBODY).index
    return [...tools.values()].filter((route) => route.server.id === server.id && !route.heldBack).length
  }

  async check(server: Server): Promise<ServerHealth> {
    await this.#loading
    await this.upstream(server.id)?.check()
    return this.health(server)
  }

  /** What the servers say of themselves, for the gateway's own introduction. */
  identities(
    caller: Caller,
  ): { server: Server; instructions: string | undefined; capabilities: Record<string, unknown> }[] {
    return [...this.#entries.values()].flatMap(({ server, running }) => {
      const identity = running?.upstream.identity
      if (identity === undefined || !caller.policy.maySee(server.name)) return []
      return [{ server, instructions: identity.instructions, capabilities: identity.capabilities }]
    })
  }

  /** Tells the listener of every change from now on that it can see. Returns a function that ends that. */
  listen(listener: ChangeListener): () => void {
    this.#listeners.set(listener, this.#snapshot(listener.caller))
    this.updateSubscriptions()
    return () => {
      this.#listeners.delete(listener)
      this.updateSubscriptions()
    }
  }

  /** Called when what a listener subscribed to has changed. */
  updateSubscriptions(): void {
    const wanted = new Map<string, Set<string>>()
    for (const listener of this.#listeners.keys()) {
      for (const uri of listener.subscriptions()) {
        const route = this.view(listener.caller).resource(uri)
        if (route !== undefined)
          wanted.set(route.server.id, (wanted.get(route.server.id) ?? new Set()).add(route.own))
      }
    }
    for (const [id, { running }] of this.#entries) running?.upstream.subscribe(wanted.get(id) ?? new Set())
  }

  #snapshot(caller: Caller): Map<ChangeKind, string> {
    const view = this.view(caller)
    return new Map(CHANGE_KINDS.map((kind) => [kind, view.fingerprint(kind)]))
  }

  #hear(change: Change): void {
    if (change.workspaceId !== this.workspace.id) return
    if (change.kind === 'server') this.#reload()
    if (change.kind === 'renewal') this.upstream(change.id)?.tokensRenewed()
    if (change.kind !== 'credential') return
    this.upstream(change.id)?.credentialChanged()
    // A server that has a credential is watched more strictly.
    this.#reload()
  }

  #reload(): void {
    if (this.#closed) return
    if (this.#loading !== undefined) {
      this.#loadAgain = true
      return
    }
    clearTimeout(this.#reloadTimer)
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined
      // It may have changed after the last look at that.
      if (this.#loadAgain) this.#reload()
    })
    // Whoever needs the configuration awaits `loading` and sees the error there.
    this.#loading.catch(() => this.#reloadLater())
  }

  /** What has changed is not told again: a database that does not answer now is asked until it does. */
  #reloadLater(): void {
    if (this.#closed) return
    clearTimeout(this.#reloadTimer)
    this.#reloadTimer = setTimeout(() => this.#reload(), RELOAD_AFTER_MS)
    this.#reloadTimer.unref()
  }

  async #load(): Promise<void> {
    do {
      this.#loadAgain = false
      const { servers, pins } = this.#options
      const { id } = this.workspace
      const [all, stored] = await Promise.all([
        servers.all(id),
        // Without it nothing new is approved, and all else goes on.
        pins.store.ofWorkspace(id).catch(() => undefined),
      ])
      if (stored === undefined) this.#reloadLater()
      await this.#apply(all, stored)
    } while (this.#loadAgain)
  }

  async #apply(servers: readonly Server[], stored: WorkspacePins | undefined): Promise<void> {
    const before = this.#entries
    this.#entries = new Map(
      servers.map((server) => [server.id, { server, running: this.#start(server, before.get(server.id)) }]),
    )
    // An upstream that was just opened says nothing yet: it takes a turn of the event loop at least.
    const configured = [...this.#entries.values()].map(({ server, running }) =>
      running?.pins.configure(server, stored),
    )
    for (const { running } of before.values()) {
      if (running !== undefined && !this.#running().includes(running)) void stop(running)
    }
    this.#listingsChanged()
    await Promise.all(configured)
  }

  #start(server: Server, before: Entry | undefined): Running | undefined {
    if (!server.enabled || this.#closed) return undefined
    if (before?.running !== undefined && connectsAlike(before.server, server)) return before.running
    const onListing = () => this.#listingsChanged()
    const pins = new ServerPins(server, this.#options.pins, onListing)
    const upstream = this.#options.openUpstream(server, {
      admit: (listing, capabilityKey) => pins.admit(listing, capabilityKey),
      onListing,
      onResourceUpdated: (uri) => this.#resourceUpdated(server, uri),
      hops: () => this.hops.header(),
    })
    return { upstream, pins }
  }

  #running(): Running[] {
    return [...this.#entries.values()].flatMap(({ running }) => (running === undefined ? [] : [running]))
  }

  #listingsChanged(): void {
    this.#indexes = new Map()
    if (this.#tellTimer !== undefined || this.#listeners.size === 0) return
    this.#tellTimer = setTimeout(() => {
      this.#tellTimer = undefined
      this.#tellChanges()
    }, TELL_AFTER_MS)
  }

  #tellChanges(): void {
    for (const [listener, before] of this.#listeners) {
      const now = this.#snapshot(listener.caller)
      this.#listeners.set(listener, now)
      for (const kind of CHANGE_KINDS) if (before.get(kind) !== now.get(kind)) listener.listChanged(kind)
    }
  }

  #resourceUpdated(server: Server, own: string): void {
    for (const listener of this.#listeners.keys()) {
      for (const uri of listener.subscriptions()) {
        const route = this.view(listener.caller).resource(uri)
        if (route?.server.id === server.id && route.own === own) listener.resourceUpdated(uri)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const stop of this.#stopListening) stop()
    clearTimeout(this.#tellTimer)
    clearTimeout(this.#reloadTimer)
    await this.#loading?.catch(() => {})
    await Promise.allSettled(this.#running().map(stop))
  }
}

function stop({ upstream, pins }: Running): Promise<void> {
  pins.close()
  return upstream.close()
}

/** Whether the connections of one configuration serve the other: names, prefixes and selections are ours alone. */
function connectsAlike(one: Server, other: Server): boolean {
  const relevant = ({ target, isolation, timeoutMs, name }: Server) =>
    JSON.stringify([target, isolation, timeoutMs, name])
  return relevant(one) === relevant(other)
}
