const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
/** A buffer that grew for one long line is given back after it; below this it is kept for the next. */
const KEPT_BYTES = 64 * 1024

export interface LineReader {
  push(chunk: Buffer): void
  /** The stream is over: what is left without a line end is the last line. */
  end(): void
}

export interface LineReaderOptions {
  /** The longest line, without its end. */
  maxBytes: number
  onLine(line: string): void
  /** Called once; nothing is read after it. */
  onTooLong(): void
}

/**
 * Cuts a byte stream into lines ending in `\n` or `\r\n`. It searches bytes and decodes whole lines, so a character
 * cut by a chunk border arrives intact, and one buffer that grows in place holds the unfinished line, so a line that
 * arrives byte by byte costs no more memory than its length.
 */
export function createLineReader(options: LineReaderOptions): LineReader {
  let held: ArrayBuffer | undefined
  let heldBytes = 0
  let overflowed = false

  function hold(piece: Buffer) {
    const neededBytes = heldBytes + piece.length
    if (neededBytes > options.maxBytes) return overflow()
    held ??= new ArrayBuffer(0, { maxByteLength: options.maxBytes })
    if (neededBytes > held.byteLength)
      held.resize(Math.min(options.maxBytes, Math.max(neededBytes, held.byteLength * 2)))
    new Uint8Array(held).set(piece, heldBytes)
    heldBytes = neededBytes
  }

  function overflow() {
    overflowed = true
    held = undefined
    heldBytes = 0
    options.onTooLong()
  }

  function finishLine(piece: Buffer) {
    if (heldBytes === 0 && piece.length <= options.maxBytes) return options.onLine(decoded(piece))
    hold(piece)
    if (overflowed || held === undefined) return
    const line = decoded(Buffer.from(held, 0, heldBytes))
    if (held.byteLength > KEPT_BYTES) held = undefined
    heldBytes = 0
    options.onLine(line)
  }

  return {
    push(chunk) {
      let start = 0
      while (!overflowed) {
        const end = chunk.indexOf(NEWLINE, start)
        if (end === -1) return hold(chunk.subarray(start))
        finishLine(chunk.subarray(start, end))
        start = end + 1
      }
    },
    end() {
      if (!overflowed && heldBytes > 0) finishLine(Buffer.alloc(0))
    },
  }
}

function decoded(line: Buffer): string {
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length
  return line.toString('utf8', 0, end)
}
