import type { AuditFeed } from '../../manage/audit-feed.ts'
import type { AuditRowAnswer } from '../../manage/audit-row-answer.ts'

/** Proxies and clients close a connection that is silent for 30 s or more. */
const KEEP_ALIVE_MS = 15_000

/**
 * A feed as server-sent events, one per row, its number as the id. Reads on only as fast as the client does.
 * Calls `onEnd` once, whoever ends it.
 */
export function eventStream(feed: AuditFeed<AuditRowAnswer>, onEnd: () => void): ReadableStream<Uint8Array> {
  let ended = false

  function end(): void {
    if (ended) return
    ended = true
    feed.close()
    onEnd()
  }

  return new ReadableStream<Uint8Array>({
    start(controller) {
      // An id without data: a client cut off before the first row resumes from here.
      controller.enqueue(encode(`id: ${feed.startedAfter}\n\n`))
    },
    async pull(controller) {
      const rows = await feed.next(KEEP_ALIVE_MS).catch((error: unknown) => {
        end()
        throw error
      })
      if (ended) return
      if (rows !== undefined) return controller.enqueue(encoded(rows))
      end()
      controller.close()
    },
    cancel: end,
  })
}

const encoder = new TextEncoder()
const encode = (text: string) => encoder.encode(text)
const STILL_HERE = encode(': still here\n\n')

/** Rows that many readers are told at once are written out once. */
const written = new WeakMap<readonly AuditRowAnswer[], Uint8Array>()

function encoded(rows: readonly AuditRowAnswer[]): Uint8Array {
  if (rows.length === 0) return STILL_HERE
  const known = written.get(rows)
  if (known !== undefined) return known
  // JSON holds no line break of its own, so a row cannot end its event early.
  const bytes = encode(rows.map((row) => `id: ${row.seq}\ndata: ${JSON.stringify(row)}\n\n`).join(''))
  written.set(rows, bytes)
  return bytes
}
