import { hash } from 'node:crypto'

/** On every request to a server: the workspaces that led to it, of whatever gateways, as comma-separated ids. */
export const HOPS_HEADER = 'mcpgw-hops'

const HOP = /^[0-9a-f]{16}$/
/** Longer chains are nobody's; more would only let a caller fill our memory. */
const MAX_HOPS = 32
/** Longer than a gateway that uses this workspace is ever silent: lists are read anew every five minutes. */
const REMEMBERED_MS = 10 * 60_000

/**
 * Keeps a workspace from being, over other workspaces and gateways, a server of itself. Lists are fetched ahead of
 * any request for them, so what one request came through says too little: what any request came through lately is
 * told to every server of the workspace.
 */
export class Hops {
  readonly #own: string
  readonly #cameThrough = new Map<string, number>()
  #header: string
  #staleAt = Number.POSITIVE_INFINITY

  constructor(workspaceId: string) {
    // Servers of others see it: they need not learn what a workspace is called inside.
    this.#own = hash('sha256', `mcpgw hop ${workspaceId}`).slice(0, 16)
    this.#header = this.#own
  }

  /** Whether a request with this header has been here before; if not, its way here is remembered. */
  isLoop(header: string): boolean {
    const hops = header.split(',', MAX_HOPS).map((hop) => hop.trim())
    if (hops.includes(this.#own)) return true
    const now = performance.now()
    for (const hop of hops) {
      const hasRoom = this.#cameThrough.has(hop) || this.#cameThrough.size < MAX_HOPS
      if (HOP.test(hop) && hasRoom) this.#cameThrough.set(hop, now)
    }
    this.#write(now)
    return false
  }

  /** The header for a request to one of the workspace's servers. */
  header(): string {
    const now = performance.now()
    if (now > this.#staleAt) this.#write(now)
    return this.#header
  }

  #write(now: number): void {
    for (const [hop, seenAt] of this.#cameThrough)
      if (now - seenAt > REMEMBERED_MS) this.#cameThrough.delete(hop)
    this.#header = [...this.#cameThrough.keys(), this.#own].join(',')
    this.#staleAt = this.#cameThrough.size === 0 ? Number.POSITIVE_INFINITY : now + REMEMBERED_MS
  }
}
