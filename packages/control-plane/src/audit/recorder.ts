import type { AuditEntry } from '../model/audit-row.ts'
import { GatewayError } from '../model/error.ts'
import type { AuditStore } from '../model/stores.ts'
import { linkRow } from './chain.ts'
import { cleanEntry } from './clean-entry.ts'

const MAX_BATCH_ROWS = 256
const MIN_WAIT_MS = 1
const RETRY_MS = 1000

/** One thing being attempted, which will leave one row. */
export interface Attempt {
  /**
   * Resolves when the row is durable; only then may the answer leave. Rejects with `audit_unavailable` when it could
   * not be written: then the caller gets the error instead of the answer.
   */
  finish(entry: AuditEntry): Promise<void>
  /** Ends the attempt without a row, when there turned out to be nothing to record. */
  abandon(): void
}

export interface Recorder extends AsyncDisposable {
  /** Announces an attempt. Throws `audit_unavailable` while the log cannot be written: then nothing may be attempted. */
  begin(): Attempt
  /** `begin` and `finish` in one, for what is over already. */
  record(entry: AuditEntry): Promise<void>
  /** False while rows wait to be written that could not be: then `begin` throws. */
  canWrite(): boolean
  /** The one listener hears of rows when they are durable. It must not throw. */
  onWritten(listener: (entries: readonly AuditEntry[]) => void): void
}

export interface RecorderOptions {
  store: AuditStore
  /** The longest a finished row waits for others to share its commit; only rows that follow one another closely wait. */
  maxWaitMs?: number
}

/** Rows that are written in one commit, and the one promise all of them wait for. */
interface Batch {
  entries: AuditEntry[]
  written: PromiseWithResolvers<void>
}

/**
 * Writes rows in groups, one append at a time: at once when every attempt begun is waiting for its row, otherwise a
 * millisecond after the first of them, but not sooner than `maxWaitMs` after the last commit, or at 256 rows: a commit
 * costs as much as several calls. When an append fails its rows are kept and tried again each second, and until they
 * are written nothing may begin.
 */
export function createRecorder({ store, maxWaitMs = 5 }: RecorderOptions): Recorder {
  let open = 0
  let waiting: Batch | undefined
  let waitTimer: NodeJS.Timeout | undefined
  let overdue = false
  let lastFlushAt = Number.NEGATIVE_INFINITY
  let writing: Promise<void> | undefined
  /** Rows of attempts that were made but could not be written. */
  let unwritten: AuditEntry[] = []
  let failure: unknown
  let retryTimer: NodeJS.Timeout | undefined

  let heard = (_entries: readonly AuditEntry[]) => {}

  /** A store that throws at once is no different from one that rejects. */
  const append = async (entries: AuditEntry[]) => store.append(entries, linkRow)

  function begin(): Attempt {
    if (unwritten.length > 0) throw unavailable(failure)
    open += 1
    let ended = false
    function end(): void {
      if (ended) throw new Error('an attempt ends once')
      ended = true
      open -= 1
    }
    return {
      finish(entry) {
        end()
        return enqueue(cleanEntry(entry))
      },
      abandon() {
        end()
        flushIfDue()
      },
    }
  }

  function enqueue(entry: AuditEntry): Promise<void> {
    if (unwritten.length > 0) {
      unwritten.push(entry)
      return Promise.reject(unavailable(failure))
    }
    waiting ??= { entries: [], written: Promise.withResolvers() }
    waiting.entries.push(entry)
    const { promise } = waiting.written
    flushIfDue()
    return promise
  }

  function flushIfDue(): void {
    if (waiting === undefined) return
    const restMs = lastFlushAt + maxWaitMs - performance.now()
    const due = overdue || open === 0 || waiting.entries.length >= MAX_BATCH_ROWS
    if (due && writing === undefined) flush(waiting)
    else if (!overdue) waitTimer ??= setTimeout(waitIsOver, Math.max(MIN_WAIT_MS, restMs))
  }

  function waitIsOver(): void {
    waitTimer = undefined
    overdue = true
    flushIfDue()
  }

  function flush(batch: Batch): void {
    clearTimeout(waitTimer)
    waitTimer = undefined
    overdue = false
    lastFlushAt = performance.now()
    waiting = undefined
    writing = write(batch)
  }

  async function write({ entries, written }: Batch): Promise<void> {
    try {
      await append(entries)
      written.resolve()
      // After those who wait for an answer.
      queueMicrotask(() => heard(entries))
    } catch (error) {
      failure = error
      unwritten = entries
      written.reject(unavailable(error))
    }
    writing = undefined
    if (unwritten.length > 0) giveUp()
    else flushIfDue()
  }

  /** Whoever waits for the next batch would only wait for the same failure. */
  function giveUp(): void {
    clearTimeout(waitTimer)
    waitTimer = undefined
    overdue = false
    if (waiting !== undefined) {
      unwritten.push(...waiting.entries)
      waiting.written.reject(unavailable(failure))
      waiting = undefined
    }
    retryLater()
  }

  function retryLater(): void {
    retryTimer = setTimeout(() => {
      writing = retry()
    }, RETRY_MS)
    retryTimer.unref()
  }

  async function retry(): Promise<void> {
    const entries = [...unwritten]
    try {
      await append(entries)
      unwritten = unwritten.slice(entries.length)
      heard(entries)
    } catch (error) {
      failure = error
    }
    writing = undefined
    if (unwritten.length > 0) retryLater()
  }

  async function close(): Promise<void> {
    while (waiting !== undefined || writing !== undefined) {
      if (waiting !== undefined && writing === undefined) flush(waiting)
      await writing
    }
    clearTimeout(retryTimer)
    if (unwritten.length > 0) await retry()
    clearTimeout(retryTimer)
  }

  return {
    begin,
    record: async (entry) => begin().finish(entry),
    canWrite: () => unwritten.length === 0,
    onWritten(listener) {
      heard = listener
    },
    [Symbol.asyncDispose]: close,
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('audit_unavailable', 'The audit log cannot be written, so nothing may happen.', {
    cause,
    fix: 'Check that the database answers and that its disk is not full. The gateway goes on by itself afterwards.',
  })
}
