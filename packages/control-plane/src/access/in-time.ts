/** Longer than a database under load takes, and shorter than clients wait. */
const LIMIT_MS = 3_000

/** What was asked for, or a rejection when it takes too long: a connection can be dead without saying so. */
export async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${LIMIT_MS} ms`)), LIMIT_MS)
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
