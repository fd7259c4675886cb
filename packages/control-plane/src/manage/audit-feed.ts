import type { AuditRow } from '../model/audit-row.ts'
import type { ChangeBus } from '../model/change.ts'
import type { AuditStore } from '../model/stores.ts'

/** A workspace's log as it grows. */
export interface AuditFeed<Row> {
  /** The row after which it began. */
  readonly startedAfter: number
  /** The next rows in order; none after `quietMs` without any; undefined once the feed is closed. */
  next(quietMs: number): Promise<Row[] | undefined>
  close(): void
}

export interface FeedOptions<Row> {
  audit: AuditStore
  bus: ChangeBus
  workspaceId: string
  startedAfter: number
  /** The row as the reader may see it, or undefined for one that is not theirs. */
  show(row: AuditRow): Row | undefined
}

const ROWS_PER_READ = 200

/** Follows the log from the store and not from the bus, so that nothing is missed or told twice. */
export function openAuditFeed<Row>({
  audit,
  bus,
  workspaceId,
  startedAfter,
  show,
}: FeedOptions<Row>): AuditFeed<Row> {
  const bell = createBell()
  let seen = startedAfter
  let closed = false
  const stopListening = [
    bus.subscribe((change) => {
      if (change.kind === 'audit' && change.workspaceId === workspaceId) bell.ring()
    }),
    bus.onGap(() => bell.ring()),
  ]

  async function readOn(): Promise<{ any: boolean; rows: Row[] }> {
    const rows = await audit.read(workspaceId, seen, ROWS_PER_READ)
    seen = rows.at(-1)?.seq ?? seen
    return { any: rows.length > 0, rows: rows.map(show).filter((row) => row !== undefined) }
  }

  return {
    startedAfter,
    async next(quietMs) {
      while (!closed) {
        bell.quiet()
        const { any, rows } = await readOn()
        if (closed) return undefined
        if (rows.length > 0) return rows
        if (!any && !(await bell.heard(quietMs))) return []
      }
      return undefined
    },
    close() {
      closed = true
      for (const stop of stopListening) stop()
      bell.ring()
    },
  }
}

/** Rings once for any number of pulls, and remembers a ring nobody was waiting for. */
function createBell() {
  let rung = false
  let answer: (() => void) | undefined
  return {
    quiet() {
      rung = false
    },
    ring() {
      rung = true
      answer?.()
    },
    async heard(withinMs: number): Promise<boolean> {
      if (rung) return true
      const { promise, resolve } = Promise.withResolvers<void>()
      answer = resolve
      const timer = setTimeout(resolve, withinMs).unref()
      await promise
      clearTimeout(timer)
      return rung
    },
  }
}
