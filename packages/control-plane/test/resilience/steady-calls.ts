export interface SteadyCall {
  startedAt: number
  endedAt: number
  /** Why it did not answer well. */
  failure: string | undefined
}

// On a machine that cannot keep up, calls that pile up would be all that is measured.
const MAX_RUNNING = 64

/** Calls begun at a fixed rate, whatever became of those before; each tells when it ran. */
export class SteadyCalls implements AsyncDisposable {
  readonly calls: SteadyCall[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout

  /** `call` gives what was wrong with the answer, and rejects when there was none. */
  constructor(perSecond: number, call: (turn: number) => Promise<string | undefined>) {
    const begunAt = performance.now()
    let turn = 0
    this.#timer = setInterval(() => {
      // A timer that is late makes up for it.
      const due = ((performance.now() - begunAt) / 1_000) * perSecond
      for (; turn < due; turn += 1) if (this.#running.size < MAX_RUNNING) this.#begin(call, turn)
    }, 5)
  }

  #begin(call: (turn: number) => Promise<string | undefined>, turn: number): void {
    const startedAt = performance.now()
    const done = call(turn)
      .catch((error: Error) => error.message)
      .then((failure) => {
        this.calls.push({ startedAt, endedAt: performance.now(), failure })
        this.#running.delete(done)
      })
    this.#running.add(done)
  }

  get failed(): SteadyCall[] {
    return this.calls.filter(({ failure }) => failure !== undefined)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
