/** Waits for an event no longer than `timeoutMs`; answers whether it came. Leaves no timer behind. */
export async function happensWithin(event: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const timeout = Promise.withResolvers<false>()
  const timer = setTimeout(() => timeout.resolve(false), timeoutMs)
  try {
    return await Promise.race([event.then(() => true), timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
