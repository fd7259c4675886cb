// 10 bits and 7 hashes for each id: of a hundred ids that are not in it, one seems to be.
const BITS_PER_ID = 10
const HASHES = 7

/** Which ids may be in a set: one that was added always is, and of the others about one in a hundred. */
export function idFilterOf(ids: readonly string[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil((Math.max(ids.length, 1) * BITS_PER_ID) / 8))
  for (const id of ids) {
    for (const bit of bitsOf(id, bits.length * 8)) bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7))
  }
  return bits
}

export function mayHoldId(filter: Uint8Array, id: string): boolean {
  return bitsOf(id, filter.length * 8).every((bit) => ((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0)
}

/** Two hashes make as many as are needed (Kirsch and Mitzenmacher). */
function bitsOf(id: string, size: number): number[] {
  const first = hashOf(id, 0x811c9dc5)
  const second = hashOf(id, 0x9747b28c) | 1
  return Array.from({ length: HASHES }, (_, round) => ((first + Math.imul(round, second)) >>> 0) % size)
}

/** FNV-1a from a start of one's own, mixed at the end as in MurmurHash3. Stored filters depend on it. */
function hashOf(text: string, start: number): number {
  let hash = start
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
