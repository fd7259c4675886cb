/** Rejects when the work takes longer than the limit. The work itself goes on unheard. */
export async function withTimer<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} seconds`)), limitMs)
  })
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
}
