import type { ServerResponse } from 'node:http'
import { type ByteBudget, LARGE_BYTES } from '../../model/byte-budget.ts'
import type { Limits } from '../../model/limits.ts'

/** What comes in one burst is no fault of its reader, up to so many times of what one may leave unread for long. */
const BURST = 8

/** Clients that do not read what they asked for. */
export class SlowReaders {
  readonly #maxUnreadBytes: number
  readonly #stillMs: number
  readonly #large: ByteBudget
  readonly #watched = new WeakSet<ServerResponse>()

  constructor(limits: Limits, large: ByteBudget) {
    this.#maxUnreadBytes = limits['reader-buffer-bytes']
    this.#stillMs = limits['reader-ms']
    this.#large = large
  }

  /** Whether so much is unread that nothing may be added, however fast it came. */
  isFlooded(response: ServerResponse): boolean {
    return response.writableLength > this.#maxUnreadBytes * BURST
  }

  /** To be called after something was written: a reader that has much to read and stands still is cut. */
  watch(response: ServerResponse): void {
    const unreadBytes = response.writableLength
    if (unreadBytes <= this.#maxUnreadBytes || response.destroyed) return
    if (response.writableEnded && unreadBytes > LARGE_BYTES) this.#countUntilClosed(response, unreadBytes)
    if (this.#watched.has(response)) return
    this.#watched.add(response)
    // Node's timer begins anew whenever a part of what was written has left.
    response.setTimeout(this.#stillMs, () => {
      if (response.writableLength > this.#maxUnreadBytes) response.destroy()
    })
  }

  #countUntilClosed(response: ServerResponse, bytes: number): void {
    this.#large.take(bytes)
    response.once('close', () => this.#large.giveBack(bytes))
  }
}
