const SLOTS = 61

/** The calls of one token in the last minute, by the second. */
interface Recent {
  perSecond: Uint32Array
  total: number
  /** The second up to which the slots are right. */
  second: number
}

/**
 * At most so many calls in any 60 seconds. Seconds are counted whole, so that a call is forgotten 60 to 61 seconds
 * after it was made: never too early. Refused ones do not count, or who keeps trying would never be let in again.
 */
export class CallRate {
  readonly #maxPerMinute: number
  readonly #now: () => number
  readonly #byToken = new Map<string, Recent>()
  #sweptAt = 0

  constructor(maxPerMinute: number, now: () => number) {
    this.#maxPerMinute = maxPerMinute
    this.#now = now
  }

  /** Counts a call, or says in how many seconds one may be made again. */
  count(tokenId: string): number | undefined {
    const second = Math.floor(this.#now() / 1_000)
    const recent = this.#recent(tokenId, second)
    if (recent.total >= this.#maxPerMinute) return secondsUntilRoom(recent)
    recent.total++
    const slot = second % SLOTS
    recent.perSecond[slot] = (recent.perSecond[slot] ?? 0) + 1
    return undefined
  }

  #recent(tokenId: string, second: number): Recent {
    this.#sweep(second)
    const known = this.#byToken.get(tokenId)
    if (known === undefined) {
      const fresh = { perSecond: new Uint32Array(SLOTS), total: 0, second }
      this.#byToken.set(tokenId, fresh)
      return fresh
    }
    forgetUpTo(known, second)
    return known
  }

  /** Tokens that have not called for a minute are as good as unknown. */
  #sweep(second: number): void {
    if (Math.abs(second - this.#sweptAt) < SLOTS) return
    this.#sweptAt = second
    for (const [tokenId, recent] of this.#byToken)
      if (second - recent.second >= SLOTS) this.#byToken.delete(tokenId)
  }
}

function forgetUpTo(recent: Recent, second: number): void {
  // A clock that was set back stands still here until it has caught up, for a minute at most.
  const passed = second < recent.second - SLOTS ? SLOTS : Math.min(second - recent.second, SLOTS)
  for (let step = 1; step <= passed; step++) {
    const slot = (second - passed + step) % SLOTS
    recent.total -= recent.perSecond[slot] ?? 0
    recent.perSecond[slot] = 0
  }
  if (passed > 0) recent.second = second
}

function secondsUntilRoom({ perSecond, second }: Recent): number {
  for (let wait = 1; wait < SLOTS; wait++) if ((perSecond[(second + wait) % SLOTS] ?? 0) > 0) return wait
  return SLOTS
}
