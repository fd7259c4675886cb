import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import type { StatsStore } from '../model/call-stats.ts'
import type { ChangeBus } from '../model/change.ts'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { LogIndexStore } from '../model/log-index.ts'
import type { AuditStore } from '../model/stores.ts'
import { CUBES, MINUTES_KEPT_MS } from './cubes.ts'
import { countMore, indexMore } from './follow-log.ts'

/** Calls that follow one another closely are counted together, which costs far less. */
const EVERY_MS = 2_000
// A long log, such as one from before there were figures, is counted while calls go on: half of the time is theirs.
const REST_PER_WORK = 1
const MAX_REST_MS = 50
/** Of all time, counting takes at most a twentieth: the busier a log, the more calls are counted at once. */
const PAUSE_PER_WORK = 20
const MAX_PAUSE_MS = 60_000
const PRUNE_MINUTES_EVERY_MS = 600_000
const PRUNED_CELLS = 200

export interface FollowerOptions {
  stats: StatsStore
  index: LogIndexStore
  audit: Pick<AuditStore, 'heads'>
  bus: ChangeBus
  clock: Clock
  /** Hears why calls are not counted. */
  reportError(error: GatewayError): void
}

/** Counts and indexes what is logged, behind the log and beside the calls. */
export interface Follower extends AsyncDisposable {
  /** Follows every log from now on. */
  start(): void
  /**
   * Counts what is logged so far, for at most this long; without `start` too. Resolves with the time up to which all calls
   * that were logged are counted.
   */
  catchUp(workspaceId: string, withinMs: number): Promise<number>
}

interface Followed {
  /** When the log was last counted to its end, by the clock of the process and by ours. */
  reachedEnd: number
  asOf: number
  running: Promise<void> | undefined
  /** Somebody waits. */
  eager: number
  timer: NodeJS.Timeout | undefined
  notBefore: number
  minutesPruned: number
}

export function createFollower(options: FollowerOptions): Follower {
  const { stats, index, audit, bus, clock, reportError } = options
  const logs = new Map<string, Followed>()
  let stopped = false
  let stopListening: (() => void)[] = []

  function followed(workspaceId: string): Followed {
    let log = logs.get(workspaceId)
    if (log === undefined) {
      log = {
        reachedEnd: -Infinity,
        asOf: 0,
        running: undefined,
        eager: 0,
        timer: undefined,
        notBefore: 0,
        minutesPruned: -Infinity,
      }
      logs.set(workspaceId, log)
    }
    return log
  }

  function runSoon(workspaceId: string): void {
    const log = followed(workspaceId)
    if (stopped || log.timer !== undefined) return
    const waitMs = Math.max(EVERY_MS, log.notBefore - performance.now())
    log.timer = setTimeout(() => {
      log.timer = undefined
      // What is logged during a run may be behind what it reads.
      if (log.running === undefined) void run(workspaceId, log)
      else runSoon(workspaceId)
    }, waitMs)
    log.timer.unref()
  }

  function run(workspaceId: string, log: Followed): Promise<void> {
    log.running ??= followToEnd(workspaceId, log)
      .catch((cause) => {
        reportError(new GatewayError('internal', 'Calls are logged but not counted.', { cause }))
        runSoon(workspaceId)
      })
      .finally(() => {
        log.running = undefined
      })
    return log.running
  }

  async function followToEnd(workspaceId: string, log: Followed): Promise<void> {
    const begun = performance.now()
    let worked = 0
    for (let atEnd = false; !atEnd && !stopped; ) {
      const startedAt = performance.now()
      const now = clock.now()
      const counted = await countMore(stats, workspaceId, now)
      atEnd = counted.atEnd
      log.asOf = atEnd ? now : Math.min(now, counted.time ?? log.asOf)
      if (atEnd) log.reachedEnd = startedAt
      const tookMs = performance.now() - startedAt
      worked += tookMs
      if (!atEnd) await rest(log, tookMs)
    }
    for (let atEnd = false; !atEnd && !stopped; ) {
      const startedAt = performance.now()
      atEnd = await indexMore(stats, index, workspaceId)
      const tookMs = performance.now() - startedAt
      worked += tookMs
      if (!atEnd) await rest(log, tookMs)
    }
    await pruneMinutes(workspaceId, log)
    log.notBefore = begun + Math.min(worked * PAUSE_PER_WORK, MAX_PAUSE_MS)
  }

  function rest(log: Followed, tookMs: number): Promise<unknown> {
    if (log.eager > 0 || stopped) return setImmediate()
    return delay(Math.min(tookMs * REST_PER_WORK, MAX_REST_MS), undefined, { ref: false })
  }

  async function pruneMinutes(workspaceId: string, log: Followed): Promise<void> {
    if (performance.now() - log.minutesPruned < PRUNE_MINUTES_EVERY_MS) return
    log.minutesPruned = performance.now()
    const minutes = CUBES.filter(({ grain }) => grain === 'minute')
    for (const { name } of minutes) {
      while (!stopped && (await stats.prune(workspaceId, name, clock.now() - MINUTES_KEPT_MS, PRUNED_CELLS)))
        await setImmediate()
    }
  }

  async function followAll(): Promise<void> {
    try {
      for (const { workspaceId } of await audit.heads()) {
        if (!stopped) await run(workspaceId, followed(workspaceId))
      }
    } catch (cause) {
      reportError(new GatewayError('internal', 'Calls are logged but not counted.', { cause }))
    }
  }

  let all = Promise.resolve()
  const followAllAgain = () => {
    all = all.then(followAll)
  }

  return {
    start() {
      stopListening = [
        bus.subscribe(({ kind, workspaceId }) => {
          if (kind === 'audit' && workspaceId !== undefined) runSoon(workspaceId)
        }),
        bus.onGap(followAllAgain),
      ]
      followAllAgain()
    },

    async catchUp(workspaceId, withinMs) {
      const log = followed(workspaceId)
      const asked = performance.now()
      log.eager += 1
      try {
        while (log.reachedEnd < asked && !stopped) {
          const leftMs = asked + withinMs - performance.now()
          if (leftMs <= 0) break
          const enough = new AbortController()
          const waited = delay(leftMs, undefined, { signal: enough.signal }).catch(() => {})
          await Promise.race([run(workspaceId, log), waited])
          enough.abort()
        }
      } finally {
        log.eager -= 1
      }
      return log.asOf
    },

    async [Symbol.asyncDispose]() {
      stopped = true
      for (const stop of stopListening) stop()
      for (const { timer } of logs.values()) clearTimeout(timer)
      await all
      await Promise.all([...logs.values()].map(({ running }) => running))
    },
  }
}
