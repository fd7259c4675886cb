export interface OutputTail {
  push(chunk: Buffer): void
  /** The last bytes as text, beginning at a whole character. */
  text(): string
}

/** Remembers the last `maxBytes` of a stream in a ring of that size, however much flows through. */
export function createOutputTail(maxBytes: number): OutputTail {
  // Made with the first byte: most servers never write to stderr.
  let ring: Buffer | undefined
  let written = 0

  return {
    push(chunk) {
      ring ??= Buffer.alloc(maxBytes)
      const kept = chunk.subarray(Math.max(0, chunk.length - maxBytes))
      const at = (written + chunk.length - kept.length) % maxBytes
      const copied = kept.copy(ring, at)
      kept.copy(ring, 0, copied)
      written += chunk.length
    },
    text() {
      if (ring === undefined) return ''
      if (written <= maxBytes) return ring.toString('utf8', 0, written)
      const oldest = written % maxBytes
      return fromWholeCharacter(Buffer.concat([ring.subarray(oldest), ring.subarray(0, oldest)]))
    },
  }
}

function fromWholeCharacter(bytes: Buffer): string {
  const start = bytes.findIndex((byte) => (byte & 0b1100_0000) !== 0b1000_0000)
  return bytes.toString('utf8', Math.max(0, start))
}
