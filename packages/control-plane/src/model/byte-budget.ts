/** Below this, what is held for a moment does not matter and is not counted. */
export const LARGE_BYTES = 262_144

/** Memory that several large things share. */
export class ByteBudget {
  readonly #maxBytes: number
  #used = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Whether there is room for so many bytes more. */
  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= this.#maxBytes
  }

  /** Counts bytes that are held now; each is to be given back once. */
  take(bytes: number): void {
    this.#used += bytes
  }

  giveBack(bytes: number): void {
    this.#used -= bytes
  }
}
