import type { Policy } from '../access/policy.ts'
import { buildIndex, type ServerOffer, type WorkspaceIndex } from '../aggregation/workspace-index.ts'
import { createView, type WorkspaceView } from '../aggregation/workspace-view.ts'
import type { Change, ChangeBus } from '../model/change.ts'
import type { Server, ServerHealth } from '../model/server.ts'
import type { ServerStore } from '../model/stores.ts'
import type { Workspace } from '../model/workspace.ts'
import { NOBODY } from '../upstream/peer.ts'
import type { Upstream, UpstreamOptions } from '../upstream/upstream.ts'
import type { Caller } from './caller.ts'
import { Hops } from './hops.ts'

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
  events: Pick<UpstreamOptions, 'onListing' | 'onResourceUpdated' | 'hops'>,
) => Upstream

interface Entry {
  server: Server
  /** Absent while the server is disabled. */
  upstream: Upstream | undefined
}

/** Changes that come together are told together. */
const TELL_AFTER_MS = 50
const RELOAD_AFTER_MS = 1_000

/** One workspace at work: its servers, what callers see of them, and who wants to hear of changes. */
export class WorkspaceRuntime implements AsyncDisposable {
  workspace: Workspace
  readonly hops: Hops
  readonly #servers: ServerStore
  readonly #openUpstream: OpenUpstream
  readonly #stopListening: (() => void)[]
  #entries = new Map<string, Entry>()
  #indexes = new Map<string, { index: WorkspaceIndex; views: WeakMap<Policy, WorkspaceView> }>()
  readonly #listeners = new Map<ChangeListener, Map<ChangeKind, string>>()
  #tellTimer: NodeJS.Timeout | undefined
  #reloadTimer: NodeJS.Timeout | undefined
  #loading: Promise<void> | undefined
  #loadAgain = false
  #closed = false

  constructor(workspace: Workspace, servers: ServerStore, bus: ChangeBus, openUpstream: OpenUpstream) {
    this.workspace = workspace
    this.hops = new Hops(workspace.id)
    this.#servers = servers
    this.#openUpstream = openUpstream
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
    const waits = this.#running().map((upstream) => upstream.preparing(caller.profile))
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
      ({ server, own, readOnly }) => policy.decide({ server: server.name, tool: own, readOnly }).allowed,
      this.#resourceServers(policy),
    )
    prepared.views.set(policy, view)
    return view
  }

  /** Everything there is, whoever asks: for saying in the log why somebody was refused. */
  index(caller: Caller): WorkspaceIndex {
    return this.#indexFor(caller.profile).index
  }

  #indexFor(profile: Caller['profile']) {
    const known = this.#indexes.get(profile.capabilityKey)
    if (known !== undefined) return known
    const prepared = { index: buildIndex(this.#offers(profile)), views: new WeakMap<Policy, WorkspaceView>() }
    this.#indexes.set(profile.capabilityKey, prepared)
    return prepared
  }

  #offers(profile: Caller['profile']): ServerOffer[] {
    return [...this.#entries.values()].flatMap(({ server, upstream }) => {
      const listing = upstream?.listing(profile)
      return listing === undefined ? [] : [{ server, ...listing }]
    })
  }

  #resourceServers(policy: Policy): Server[] {
    return [...this.#entries.values()]
      .filter(
        ({ server, upstream }) => upstream?.identity?.capabilities.resources && policy.maySee(server.name),
      )
      .map(({ server }) => server)
  }

  upstream(serverId: string): Upstream | undefined {
    return this.#entries.get(serverId)?.upstream
  }

  health(server: Server): ServerHealth {
    if (!server.enabled) return { status: 'disabled', tools: 0 }
    const health = this.upstream(server.id)?.health() ?? { status: 'connecting', tools: 0 }
    return { ...health, tools: this.#shownTools(server) }
  }

  /** How many of its tools callers are shown: a selection, or a need of tasks, may leave some out. */
  #shownTools(server: Server): number {
    const { tools } = this.#indexFor(NOBODY).index
    return [...tools.values()].filter((route) => route.server.id === server.id).length
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
    return [...this.#entries.values()].flatMap(({ server, upstream }) => {
      const identity = upstream?.identity
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
    for (const [id, { upstream }] of this.#entries) upstream?.subscribe(wanted.get(id) ?? new Set())
  }

  #snapshot(caller: Caller): Map<ChangeKind, string> {
    const view = this.view(caller)
    return new Map(CHANGE_KINDS.map((kind) => [kind, view.fingerprint(kind)]))
  }

  #hear(change: Change): void {
    if (change.workspaceId !== this.workspace.id) return
    if (change.kind === 'server') this.#reload()
    if (change.kind === 'credential') this.upstream(change.id)?.credentialChanged()
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
      this.#apply(await this.#servers.all(this.workspace.id))
    } while (this.#loadAgain)
  }

  #apply(servers: readonly Server[]): void {
    const before = this.#entries
    this.#entries = new Map(
      servers.map((server) => [server.id, this.#entryFor(server, before.get(server.id))]),
    )
    for (const { upstream } of before.values()) {
      if (upstream !== undefined && !this.#running().includes(upstream)) void upstream.close()
    }
    this.#listingsChanged()
  }

  #entryFor(server: Server, before: Entry | undefined): Entry {
    if (!server.enabled || this.#closed) return { server, upstream: undefined }
    if (before?.upstream !== undefined && connectsAlike(before.server, server))
      return { server, upstream: before.upstream }
    const upstream = this.#openUpstream(server, {
      onListing: () => this.#listingsChanged(),
      onResourceUpdated: (uri) => this.#resourceUpdated(server, uri),
      hops: () => this.hops.header(),
    })
    return { server, upstream }
  }

  #running(): Upstream[] {
    return [...this.#entries.values()].flatMap(({ upstream }) => (upstream === undefined ? [] : [upstream]))
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
    await Promise.allSettled(this.#running().map((upstream) => upstream.close()))
  }
}

/** Whether the connections of one configuration serve the other: names, prefixes and selections are ours alone. */
function connectsAlike(one: Server, other: Server): boolean {
  const relevant = ({ target, isolation, timeoutMs, name }: Server) =>
    JSON.stringify([target, isolation, timeoutMs, name])
  return relevant(one) === relevant(other)
}
