import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { z } from 'zod'
import type { Change } from '../model/change.ts'
import type { Subscribers } from './change-bus.ts'

export const CHANNEL = 'mcpgw_changes'

// With these a token that is revoked elsewhere ends here within 2 s even if no notice arrives: a check that fails, the
// doubt that follows, and a question to the store.
const CHECK_EVERY_MS = 400
const DOUBT_AFTER_MS = 1_000
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 2_000

const NOTICE = z.object({
  origin: z.string(),
  /** Absent for changes that may be missed. */
  number: z.int().optional(),
  change: z.object({
    kind: z.enum(['workspace', 'server', 'credential', 'renewal', 'token', 'audit']),
    workspaceId: z.string().exactOptional(),
    id: z.string(),
  }),
})

export function encodeNotice(notice: { origin: string; number: number | undefined; change: Change }): string {
  return JSON.stringify(notice)
}

export interface PostgresListenerOptions {
  connect(): pg.Client
  instanceId: string
  subscribers: Subscribers
}

/**
 * Listens for the changes of other replicas on a connection of its own, and connects again when that breaks. Calls
 * the gap listeners whenever something may have been missed: after a new connection, for a number that was skipped,
 * and when a periodic look at the counter finds changes nobody told of.
 */
export async function openPostgresListener(options: PostgresListenerOptions): Promise<AsyncDisposable> {
  const listener = new PostgresListener(options)
  await listener.open()
  return listener
}

class PostgresListener implements AsyncDisposable {
  readonly #options: PostgresListenerOptions
  readonly #closing = new AbortController()
  #client: pg.Client | undefined
  #check: NodeJS.Timeout | undefined
  /** The number of the last change heard of. */
  #heard = 0
  /** When everything that had been counted was known to be heard. */
  #certainAt = 0
  #doubts: NodeJS.Timeout | undefined
  /** A count the last check found ahead of what was heard: its notice may just be on its way. */
  #ahead: number | undefined

  constructor(options: PostgresListenerOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    await this.#connect()
    this.#scheduleCheck()
    this.#doubts = setInterval(() => this.#doubt(), CHECK_EVERY_MS).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#check)
    clearInterval(this.#doubts)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    const client = this.#options.connect()
    // A broken connection says so as `error`, a closed one as `end`; one of them is enough.
    client.on('error', () => this.#lose(client))
    client.on('end', () => this.#lose(client))
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''))
    try {
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
      this.#heard = await readCounter(client)
    } catch (error) {
      void client.end().catch(() => {})
      throw error
    }
    this.#ahead = undefined
    this.#client = client
    this.#certainAt = performance.now()
    if (this.#closing.signal.aborted) await this[Symbol.asyncDispose]()
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    void client.end().catch(() => {})
    void this.#reconnect()
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      try {
        await this.#connect()
        return this.#options.subscribers.emitGap()
      } catch {
        await sleep(retryMs, undefined, { signal, ref: false }).catch(() => {})
      }
    }
  }

  #hear(payload: string): void {
    const notice = parseNotice(payload)
    if (notice === undefined) return this.#options.subscribers.emitGap()
    const { origin, number, change } = notice
    if (number !== undefined) {
      if (number > this.#heard + 1) this.#options.subscribers.emitGap()
      this.#heard = Math.max(this.#heard, number)
    }
    if (origin !== this.#options.instanceId) this.#options.subscribers.emit(change)
  }

  /** Runs by a timer of its own: a check on a connection that is dead without having said so does not come back. */
  #doubt(): void {
    const isCertain = this.#client !== undefined && performance.now() - this.#certainAt < DOUBT_AFTER_MS
    if (!isCertain) this.#options.subscribers.emitDoubt()
  }

  #scheduleCheck(): void {
    this.#check = setTimeout(async () => {
      await this.#checkCounter()
      if (!this.#closing.signal.aborted) this.#scheduleCheck()
    }, CHECK_EVERY_MS)
    this.#check.unref()
  }

  /** Also finds a connection that is dead without having said so. */
  async #checkCounter(): Promise<void> {
    const client = this.#client
    if (client === undefined) return
    try {
      const askedAt = performance.now()
      const counted = await readCounter(client)
      const missed = this.#ahead !== undefined && this.#ahead > this.#heard
      if (missed) {
        this.#heard = counted
        this.#options.subscribers.emitGap()
      }
      this.#ahead = counted > this.#heard ? counted : undefined
      if (this.#ahead === undefined) this.#certainAt = askedAt
    } catch {
      this.#lose(client)
    }
  }
}

async function readCounter(client: pg.Client): Promise<number> {
  const result: pg.QueryResult<{ value: number }> = await client.query('select value from change_counter')
  return result.rows[0]?.value ?? 0
}

function parseNotice(payload: string): z.infer<typeof NOTICE> | undefined {
  try {
    return NOTICE.parse(JSON.parse(payload))
  } catch {
    return undefined
  }
}
