import type { ServerResponse } from 'node:http'
import { type ByteBudget, LARGE_BYTES } from '../../model/byte-budget.ts'
import type { Limits } from '../../model/limits.ts'

/** Clients that do not read what they asked for. */
export class SlowReaders {
  readonly maxUnreadBytes: number
  readonly #stillMs: number
  readonly #large: ByteBudget

  constructor(limits: Limits, large: ByteBudget) {
    this.maxUnreadBytes = limits['reader-buffer-bytes']
    this.#stillMs = limits['reader-ms']
    this.#large = large
  }

  /** To be called after something was written: a reader that has much to read and stands still is cut. */
  watch(response: ServerResponse): void {
    const unreadBytes = response.writableLength
    if (unreadBytes <= this.maxUnreadBytes || response.destroyed) return
    if (unreadBytes > LARGE_BYTES) this.#countUntilClosed(response, unreadBytes)
    // Node's timer begins anew whenever a part of what was written has left.
    response.setTimeout(this.#stillMs, () => {
      if (response.writableLength > this.maxUnreadBytes) response.destroy()
    })
  }

  #countUntilClosed(response: ServerResponse, bytes: number): void {
    this.#large.take(bytes)
    response.once('close', () => this.#large.giveBack(bytes))
  }
}
