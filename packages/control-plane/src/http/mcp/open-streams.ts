import type { ServerResponse } from 'node:http'
import { GatewayError } from '../../model/error.ts'
import { type Limits, raiseLimit } from '../../model/limits.ts'
import { Tally } from '../../model/tally.ts'

/** Time enough for somebody else to end theirs. */
const RETRY_AFTER_SECONDS = 10

/**
 * The streams on which clients wait for changes: `GET` of legacy sessions, and `subscriptions/listen`. An answer that
 * became a stream is a call, and counted as one.
 */
export class OpenStreams {
  readonly #limits: Limits
  readonly #byToken = new Tally()
  #open = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get open(): number {
    return this.#open
  }

  /** Counts a stream until its response is closed, which it may be already. Throws `too_many` or `overloaded`. */
  add(tokenId: string, response: ServerResponse): void {
    // Nothing would ever take it off again.
    if (response.destroyed) return
    if (this.#open >= this.#limits.streams) throw this.#overloaded()
    if (this.#byToken.of(tokenId) >= this.#limits['streams-per-token']) throw this.#tooMany()
    this.#open++
    this.#byToken.add(tokenId)
    response.once('close', () => {
      this.#open--
      this.#byToken.remove(tokenId)
    })
  }

  #tooMany(): GatewayError {
    const message = `This token has ${this.#limits['streams-per-token']} event streams open already.`
    return new GatewayError('too_many', message, {
      fix: `Calls go on. Close a stream that is not needed. ${raiseLimit('streams-per-token')}`,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }

  #overloaded(): GatewayError {
    const message = `The gateway has ${this.#limits.streams} event streams open already.`
    return new GatewayError('overloaded', message, {
      fix: `Calls go on. Try again later. ${raiseLimit('streams')}`,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }
}
