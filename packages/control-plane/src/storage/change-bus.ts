import type { Change, ChangeBus } from '../model/change.ts'
import type { Changes } from './database.ts'

/** The subscribers of this process. One that throws does not keep a change from the others. */
export class Subscribers {
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #gapListeners = new Set<() => void>()
  readonly #doubtListeners = new Set<() => void>()

  subscribe(listener: (change: Change) => void): () => void {
    return add(this.#listeners, listener)
  }

  onGap(listener: () => void): () => void {
    return add(this.#gapListeners, listener)
  }

  onDoubt(listener: () => void): () => void {
    return add(this.#doubtListeners, listener)
  }

  emit(change: Change): void {
    for (const listener of [...this.#listeners]) runSafely(() => listener(change))
  }

  emitGap(): void {
    for (const listener of [...this.#gapListeners]) runSafely(listener)
  }

  emitDoubt(): void {
    for (const listener of [...this.#doubtListeners]) runSafely(listener)
  }
}

/** Changes where no other process can be: a plain synchronous call. */
export function createLocalChanges(): Changes {
  const subscribers = new Subscribers()
  const bus: ChangeBus = {
    publish: (change) => subscribers.emit(change),
    subscribe: (listener) => subscribers.subscribe(listener),
    onGap: (listener) => subscribers.onGap(listener),
    onDoubt: (listener) => subscribers.onDoubt(listener),
  }
  return {
    bus,
    record: async () => {},
    emit: (changes) => {
      for (const change of changes) subscribers.emit(change)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

function add<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function runSafely(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    // The change is committed: the writer must not be told that it failed.
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}
