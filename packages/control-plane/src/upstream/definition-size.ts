/** In characters and values; the longest whole list known, of hundreds of tools, has a million. */
const MAX_SIZE = 128 * 1024
const MAX_DEPTH = 64

/** Whether a definition is small and flat enough to be kept, compared and handed to every client. */
export function isWithinLimits(definition: unknown): boolean {
  return sizeOf(definition, MAX_DEPTH) <= MAX_SIZE
}

/** Infinite for what is too deep; stops counting where it is too large. */
function sizeOf(value: unknown, depthLeft: number): number {
  if (typeof value === 'string') return value.length + 1
  if (typeof value !== 'object' || value === null) return 1
  if (depthLeft === 0) return Number.POSITIVE_INFINITY
  let size = 1
  for (const key in value) {
    // The keys of a list are its places.
    const member: unknown = Reflect.get(value, key)
    size += (Array.isArray(value) ? 0 : key.length) + sizeOf(member, depthLeft - 1)
    if (size > MAX_SIZE) break
  }
  return size
}
