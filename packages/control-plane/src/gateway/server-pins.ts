import { hash } from 'node:crypto'
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Recorder } from '../audit/recorder.ts'
import type { AuditEntry } from '../model/audit-row.ts'
import { type ApprovedHashes, pinModeOf, type SeenDefinition, type WorkspacePins } from '../model/pin.ts'
import type { PinMode, Server } from '../model/server.ts'
import type { PinStore } from '../model/stores.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import type { Listing } from '../upstream/listing.ts'

/** Why a call of a tool that is held back is refused, as the log says it. */
export const WAITS_FOR_APPROVAL = 'definition changed, waits for approval'

export interface PinKeeping {
  store: PinStore
  recorder: Recorder
  now(): number
  newId(): string
}

const RETRY_MS = 1_000
/** A server that never stops changing its tools must not fill the log. */
const LOG_AGAIN_MS = 10 * 60_000
/** Others get their turn between the definitions of a long list. */
const SLICE_MS = 10

/**
 * Compares what one server lists with what was approved. A listing is shown only after `admit`; until everything about
 * it is recorded, `enforce` holds back what is not known to be approved.
 */
export class ServerPins {
  readonly #keeping: PinKeeping
  readonly #onChange: () => void
  #server: Server
  #mode: PinMode = 'enforce'
  #hasCredential = true
  readonly #approved = new Map<string, Set<string>>()
  /** The last listing of each kind of caller. */
  readonly #listings = new Map<string, Listing>()
  readonly #hashes = new WeakMap<Listing, ReadonlyMap<string, string>>()
  /** What is recorded as waiting, by kind of caller. */
  readonly #recorded = new Map<string, string>()
  #unlogged: string[] = []
  readonly #loggedAt = new Map<string, number>()
  /** One listing after the other: the first that comes is the first that counts. Never rejects. */
  #queue: Promise<void> = Promise.resolve()
  #retryTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(server: Server, keeping: PinKeeping, onChange: () => void) {
    this.#server = server
    this.#keeping = keeping
    this.#onChange = onChange
  }

  /**
   * Takes over settings and approvals as they are stored; undefined while that cannot be read. Resolves when they
   * have been applied to what is listed.
   */
  configure(server: Server, stored: WorkspacePins | undefined): Promise<void> {
    const before = this.#mode
    if (stored !== undefined) this.#hasCredential = stored.withCredential.has(server.id)
    this.#server = server
    this.#mode = pinModeOf(server, this.#hasCredential)
    this.#addApproved(stored?.approved.get(server.id) ?? new Map())
    return before === 'off' && this.#mode !== 'off' ? this.#examineAll() : Promise.resolve()
  }

  /**
   * Must be told of every listing before it is shown. Resolves, never rejects, when the listing may be shown, less
   * `heldBack`.
   */
  async admit(listing: Listing, variant: string): Promise<void> {
    this.#listings.set(variant, listing)
    if (this.#mode === 'off') return
    const examined = this.#examine(variant, listing)
    if (this.#mode === 'enforce') return examined
    // It was shown already, and whoever became strict meanwhile held back all of it.
    void examined.then(() => {
      if (this.#mode === 'enforce') this.#onChange()
    })
  }

  /** The tools of a listing that may be neither shown nor called. */
  heldBack(listing: Listing): ReadonlySet<string> {
    if (this.#mode !== 'enforce') return new Set()
    const names = listing.tools.map(({ name }) => name)
    return new Set(names.filter((name) => !this.#isApproved(name, this.#hashes.get(listing)?.get(name))))
  }

  /** How many tools differ from what was approved, whoever lists, and how many of these nobody may use. */
  counts(): { changedTools: number; heldBack: number } {
    if (this.#mode === 'off') return { changedTools: 0, heldBack: 0 }
    const changed = new Set([...this.#listings.values()].flatMap((listing) => this.#changedIn(listing)))
    return { changedTools: changed.size, heldBack: this.#mode === 'enforce' ? changed.size : 0 }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retryTimer)
  }

  #changedIn(listing: Listing): string[] {
    const hashes = [...(this.#hashes.get(listing) ?? [])]
    return hashes.filter(([name, found]) => !this.#isApproved(name, found)).map(([name]) => name)
  }

  #isApproved(tool: string, found: string | undefined): boolean {
    return found !== undefined && this.#approved.get(tool)?.has(found) === true
  }

  /** Only ever more: what was read before something was approved must not take that back. */
  #addApproved(approved: ApprovedHashes): void {
    for (const [tool, hashes] of approved) {
      const known = this.#approved.get(tool) ?? new Set()
      if (!hashes.isSubsetOf(known)) this.#loggedAt.delete(tool)
      this.#approved.set(tool, known.union(hashes))
    }
  }

  #examine(variant: string, listing: Listing): Promise<void> {
    this.#queue = this.#queue.then(() => this.#compare(variant, listing)).catch(() => this.#retryLater())
    return this.#queue
  }

  async #examineAll(): Promise<void> {
    this.#recorded.clear()
    await Promise.all([...this.#listings].map(([variant, listing]) => this.#examine(variant, listing)))
    this.#onChange()
  }

  /** What could not be recorded is tried again until it is; meanwhile it is not approved. */
  #retryLater(): void {
    if (this.#closed) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#examineAll(), RETRY_MS)
    this.#retryTimer.unref()
  }

  async #compare(variant: string, listing: Listing): Promise<void> {
    if (this.#closed || this.#mode === 'off') return
    const { store, now } = this.#keeping
    const seen = await describeTools(listing.tools)
    this.#hashes.set(listing, new Map(seen.map((tool) => [tool.tool, tool.hash])))
    const first = seen.filter(({ tool }) => !this.#approved.has(tool))
    if (first.length > 0) this.#addApproved(await store.recordFirst(this.#server.id, first, now()))
    await this.#recordChanges(
      variant,
      // What there was no room for is no change, and would fill the log with its names.
      seen.filter(({ tool, hash: found }) => this.#approved.has(tool) && !this.#isApproved(tool, found)),
    )
    this.#logChanges()
  }

  async #recordChanges(variant: string, changed: readonly SeenDefinition[]): Promise<void> {
    const key = changed.map(({ hash: found }) => found).join(' ')
    if (this.#recorded.get(variant) === key) return
    const { store, now } = this.#keeping
    this.#unlogged.push(...(await store.replaceChanges(this.#server.id, variant, changed, now())))
    this.#recorded.set(variant, key)
  }

  /** One row per change, not per call. Throws while the log cannot be written. */
  #logChanges(): void {
    const { recorder, now } = this.#keeping
    while (this.#unlogged.length > 0) {
      const [tool = '', ...rest] = this.#unlogged
      const isFlood = now() - (this.#loggedAt.get(tool) ?? Number.NEGATIVE_INFINITY) < LOG_AGAIN_MS
      // A row that was handed over is kept by the recorder until it is written.
      if (!isFlood)
        void recorder
          .begin()
          .finish(this.#changeRow(tool))
          .catch(() => {})
      if (!isFlood) this.#loggedAt.set(tool, now())
      this.#unlogged = rest
    }
  }

  #changeRow(tool: string): AuditEntry {
    return {
      kind: 'management',
      time: this.#keeping.now(),
      workspaceId: this.#server.workspaceId,
      // Nobody did this: the gateway noticed it.
      tokenId: 'mcpgw',
      member: 'mcpgw',
      role: 'readonly',
      method: 'tool.changed',
      server: this.#server.name,
      tool,
      outcome: 'ok',
      reason: this.#mode === 'enforce' ? WAITS_FOR_APPROVAL : 'definition changed, still offered',
      latencyMs: 0,
      bytesIn: 0,
      bytesOut: 0,
      requestId: this.#keeping.newId(),
    }
  }
}

/** Of tools with one name the last counts, as everywhere. */
async function describeTools(tools: Listing['tools']): Promise<SeenDefinition[]> {
  const seen = new Map<string, SeenDefinition>()
  let sliceEnd = performance.now() + SLICE_MS
  for (const tool of tools) {
    const definition = canonicalJson(tool)
    seen.set(tool.name, { tool: tool.name, definition, hash: hash('sha256', definition, 'base64url') })
    if (performance.now() < sliceEnd) continue
    await otherWork()
    sliceEnd = performance.now() + SLICE_MS
  }
  return [...seen.values()]
}
