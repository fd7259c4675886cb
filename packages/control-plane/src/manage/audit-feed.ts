import { setImmediate } from 'node:timers/promises'
import type { AuditRow } from '../model/audit-row.ts'
import type { ChangeBus } from '../model/change.ts'
import type { AuditStore } from '../model/stores.ts'

/** A workspace's log as it grows, for one reader. */
export interface AuditFeed<Row> {
  /** The row after which it began. */
  readonly startedAfter: number
  /**
   * The next rows in order; none after `quietMs` without any; undefined once the feed is closed. Readers who may see
   * the same get the same array, so what was made of it once can be used for all of them.
   */
  next(quietMs: number): Promise<readonly Row[] | undefined>
  close(): void
}

export interface FeedOptions<Row> {
  workspaceId: string
  startedAfter: number
  /** A row as readers are told it: the same for all readers of one log. */
  describe(row: AuditRow): Row
  /** Absent: every row may be read. */
  mayRead?(row: AuditRow): boolean
}

/** All the readers of all the logs. */
export interface AuditFeeds<Row> {
  open(options: FeedOptions<Row>): AuditFeed<Row>
}

export interface FeedsOptions {
  audit: Pick<AuditStore, 'head' | 'read'>
  bus: Pick<ChangeBus, 'subscribe' | 'onGap'>
}

const ROWS_PER_READ = 200
/** What readers who are a little behind still find in memory: some seconds of a busy workspace. */
const MAX_RECENT_BATCHES = 32
/** Between two reads of a busy log: people do not see the difference, and each read and each send serves more rows. */
const PACE_MS = 500
/** Hundreds of readers are not woken in one turn: calls get theirs in between. */
const WOKEN_AT_ONCE = 8

/** Rows that were read in one go, and as they are told. */
interface Batch<Row> {
  rows: readonly AuditRow[]
  told: readonly Row[]
  lastSeq: number
}

/**
 * Follows each log once, from the store and not from the bus, so that nothing is missed or told twice, and for all its
 * readers together. A reader who is far behind reads from the store until it has caught up.
 */
export function createAuditFeeds<Row>(options: FeedsOptions): AuditFeeds<Row> {
  const followers = new Map<string, Follower<Row>>()

  function follow(feed: FeedOptions<Row>): Follower<Row> {
    const known = followers.get(feed.workspaceId)
    if (known !== undefined) return known
    const follower = createFollower(options, feed, () => followers.delete(feed.workspaceId))
    followers.set(feed.workspaceId, follower)
    return follower
  }

  return { open: (feed) => openFeed(options, follow(feed), feed) }
}

function openFeed<Row>(
  { audit }: FeedsOptions,
  follower: Follower<Row>,
  { workspaceId, startedAfter, describe, mayRead }: FeedOptions<Row>,
): AuditFeed<Row> {
  const bell = createBell()
  let seen = startedAfter
  let closed = false
  follower.join(bell)

  async function readOn(): Promise<Batch<Row> | undefined> {
    await follower.started
    if (follower.failure !== undefined) throw follower.failure
    if (follower.remembers(seen)) return follower.after(seen)
    const rows = await audit.read(workspaceId, seen, ROWS_PER_READ)
    return batchOf(rows, describe)
  }

  function told({ rows, told }: Batch<Row>): readonly Row[] {
    if (mayRead === undefined) return told
    return told.filter((_, index) => mayRead(rows[index] as AuditRow))
  }

  return {
    startedAfter,
    async next(quietMs) {
      while (!closed) {
        bell.quiet()
        const batch = await readOn()
        if (closed) return undefined
        if (batch !== undefined) {
          seen = batch.lastSeq
          const rows = told(batch)
          if (rows.length > 0) return rows
        } else if (!(await bell.heard(quietMs))) return []
      }
      return undefined
    },
    close() {
      if (closed) return
      closed = true
      follower.leave(bell)
      bell.ring()
    },
  }
}

function batchOf<Row>(rows: readonly AuditRow[], describe: (row: AuditRow) => Row): Batch<Row> | undefined {
  const last = rows.at(-1)
  return last && { rows, told: rows.map(describe), lastSeq: last.seq }
}

interface Follower<Row> {
  readonly started: Promise<unknown>
  /** Why it reads no more. */
  readonly failure: unknown
  /** Whether everything after that row that it has read is still in memory. */
  remembers(seq: number): boolean
  after(seq: number): Batch<Row> | undefined
  join(bell: Bell): void
  leave(bell: Bell): void
}

function createFollower<Row>(
  { audit, bus }: FeedsOptions,
  { workspaceId, describe }: FeedOptions<Row>,
  onEnd: () => void,
): Follower<Row> {
  const bells = new Set<Bell>()
  const recent: Batch<Row>[] = []
  /** The last row that is not in memory any more. */
  let forgotten = 0
  let position = 0
  let lastReadAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let reading = false
  /** Something was written since the last read began. */
  let news = false
  let failure: unknown
  const stopListening = [
    bus.subscribe((change) => {
      if (change.kind === 'audit' && change.workspaceId === workspaceId) wake()
    }),
    bus.onGap(wake),
  ]
  const started: Promise<unknown> = audit.head(workspaceId).then(({ seq }) => {
    position = seq
    forgotten = seq
    wake()
  }, fail)

  function wake(): void {
    news = true
    if (reading || timer !== undefined || bells.size === 0 || failure !== undefined) return
    const waitMs = Math.max(0, lastReadAt + PACE_MS - performance.now())
    timer = setTimeout(() => void readAll(), waitMs)
  }

  async function readAll(): Promise<void> {
    timer = undefined
    reading = true
    await started
    news = false
    while (await readOnce().catch(fail));
    reading = false
    lastReadAt = performance.now()
    // What came in meanwhile waits for the pace.
    if (news) wake()
  }

  /** Whether there may be more. */
  async function readOnce(): Promise<boolean> {
    const rows = await audit.read(workspaceId, position, ROWS_PER_READ)
    const batch = batchOf(rows, describe)
    if (batch === undefined) return false
    position = batch.lastSeq
    recent.push(batch)
    while (recent.length > MAX_RECENT_BATCHES) forgotten = recent.shift()?.lastSeq ?? forgotten
    await ringAll()
    return rows.length === ROWS_PER_READ && bells.size > 0
  }

  async function ringAll(): Promise<void> {
    let woken = 0
    for (const bell of [...bells]) {
      bell.ring()
      woken += 1
      if (woken % WOKEN_AT_ONCE === 0) await setImmediate()
    }
  }

  /** Each reader hears of it; whoever comes next begins anew. */
  function fail(error: unknown): false {
    failure = error
    end()
    for (const bell of bells) bell.ring()
    return false
  }

  function end(): void {
    for (const stop of stopListening) stop()
    clearTimeout(timer)
    onEnd()
  }

  return {
    started,
    get failure() {
      return failure
    },
    remembers: (seq) => seq >= forgotten,
    after(seq) {
      const batch = recent.find(({ lastSeq }) => lastSeq > seq)
      if (batch === undefined || (batch.rows[0]?.seq ?? 0) > seq) return batch
      return batchOf(
        batch.rows.filter((row) => row.seq > seq),
        describe,
      )
    },
    join: (bell) => void bells.add(bell),
    leave(bell) {
      bells.delete(bell)
      if (bells.size === 0 && failure === undefined) end()
    },
  }
}

type Bell = ReturnType<typeof createBell>

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
