/** What was opened, to be closed in reverse order. Node 22 knows neither `using` nor AsyncDisposableStack. */
export class OpenThings {
  readonly #closers: (() => unknown)[] = []

  add<T extends AsyncDisposable | Disposable>(thing: T): T {
    this.onClose(() =>
      Symbol.asyncDispose in thing ? thing[Symbol.asyncDispose]() : thing[Symbol.dispose](),
    )
    return thing
  }

  onClose(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Closes everything, whatever fails on the way; rejects with the first failure afterwards. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#closers.splice(0).reverse()) {
      await Promise.resolve()
        .then(close)
        .catch((error) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}
