import { compilePolicy } from '../access/policy.ts'
import type { Change } from '../model/change.ts'
import type { ServerInspector } from '../model/inspector.ts'
import type { WorkspaceStore } from '../model/stores.ts'
import type { Workspace } from '../model/workspace.ts'
import { NOBODY } from '../upstream/peer.ts'
import { type RuntimeOptions, WorkspaceRuntime } from './workspace-runtime.ts'

export interface WorkspacesOptions extends RuntimeOptions {
  workspaces: WorkspaceStore
}

/** All workspaces at work. */
export class Workspaces implements AsyncDisposable {
  readonly #options: WorkspacesOptions
  readonly #bySlug = new Map<string, WorkspaceRuntime>()
  readonly #byId = new Map<string, WorkspaceRuntime>()
  readonly #loads = new Map<string, Promise<WorkspaceRuntime | undefined>>()
  readonly #stopListening: () => void
  #warmed = false
  #closed = false

  constructor(options: WorkspacesOptions) {
    this.#options = options
    this.#stopListening = options.bus.subscribe((change) => this.#hear(change))
  }

  /** Starts every workspace, and from now on each new one, so that its servers are warm before anyone asks. */
  async warm(): Promise<void> {
    this.#warmed = true
    let cursor: string | undefined
    do {
      const page = await this.#options.workspaces.list({
        limit: 500,
        ...(cursor !== undefined && { cursor }),
      })
      for (const workspace of page.items) this.#open(workspace)
      cursor = page.nextCursor
    } while (cursor !== undefined)
  }

  /** The workspace of this slug: at once when it is at work, undefined when there is none. */
  bySlug(slug: string): WorkspaceRuntime | Promise<WorkspaceRuntime | undefined> {
    return this.#bySlug.get(slug) ?? this.#load(slug, () => this.#options.workspaces.bySlug(slug))
  }

  byId(id: string): WorkspaceRuntime | Promise<WorkspaceRuntime | undefined> {
    return this.#byId.get(id) ?? this.#load(` ${id}`, () => this.#options.workspaces.byId(id))
  }

  #load(key: string, find: () => Promise<Workspace | undefined>): Promise<WorkspaceRuntime | undefined> {
    const running = this.#loads.get(key)
    if (running !== undefined) return running
    const load = find()
      .then((workspace) => workspace && this.#open(workspace))
      .finally(() => this.#loads.delete(key))
    this.#loads.set(key, load)
    return load
  }

  #open(workspace: Workspace): WorkspaceRuntime | undefined {
    if (this.#closed) return undefined
    const known = this.#byId.get(workspace.id)
    if (known !== undefined) return known
    const runtime = new WorkspaceRuntime(workspace, this.#options)
    this.#byId.set(workspace.id, runtime)
    this.#bySlug.set(workspace.slug, runtime)
    return runtime
  }

  #hear({ kind, id, workspaceId }: Change): void {
    if (kind === 'server' && workspaceId !== undefined && this.#warmed) return this.#start(workspaceId)
    const runtime = kind === 'workspace' ? this.#byId.get(id) : undefined
    if (runtime !== undefined) void this.#reread(runtime)
  }

  /** Renamed, or removed: then its tokens have ended already, and with them every stream. */
  async #reread(runtime: WorkspaceRuntime): Promise<void> {
    const { id, slug } = runtime.workspace
    const now = await this.#options.workspaces.byId(id).catch(() => runtime.workspace)
    if (now !== undefined) return runtime.rename(now)
    this.#byId.delete(id)
    this.#bySlug.delete(slug)
    await runtime[Symbol.asyncDispose]()
  }

  #start(workspaceId: string): void {
    if (this.#byId.has(workspaceId) || this.#closed) return
    // A database that does not answer now is asked again by whoever wants the workspace.
    this.#load(` ${workspaceId}`, () => this.#options.workspaces.byId(workspaceId)).catch(() => {})
  }

  /** Those that are at work, by id. */
  running(): ReadonlyMap<string, WorkspaceRuntime> {
    return this.#byId
  }

  /** What is known of servers and tools, for the people who manage them. */
  inspector(): ServerInspector {
    return {
      health: (server) =>
        this.#byId.get(server.workspaceId)?.health(server) ?? {
          status: server.enabled ? 'connecting' : 'disabled',
          tools: 0,
        },
      check: async (server) => {
        const runtime = await this.byId(server.workspaceId)
        return runtime === undefined ? { status: 'disabled', tools: 0 } : runtime.check(server)
      },
      tools: async (principal, workspaceId) => {
        const runtime = await this.byId(workspaceId)
        if (runtime === undefined) return []
        await runtime.loading
        const view = runtime.view({ profile: NOBODY, policy: compilePolicy(principal) })
        return view.visibleTools().map(({ shown, server, own, definition }) => ({
          name: shown,
          server: server.name,
          tool: own,
          definition,
        }))
      },
      offeredTools: async (server) => {
        const runtime = await this.byId(server.workspaceId)
        return runtime === undefined ? [] : runtime.offeredTools(server.id)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#stopListening()
    await Promise.allSettled([...this.#byId.values()].map((runtime) => runtime[Symbol.asyncDispose]()))
  }
}
