/** The promise, or a rejection with `late()` when it takes longer. `late` may also stop what is running. */
export function withTimeLimit<T>(promise: Promise<T>, limitMs: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limitMs)
  })
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer))
}
