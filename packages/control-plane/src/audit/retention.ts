import type { AuditEntry, AuditHead } from '../model/audit-row.ts'
import type { AuditSegment, Signer } from '../model/audit-seal.ts'
import type { ChangeBus } from '../model/change.ts'
import type { Clock } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { AuditStore } from '../model/stores.ts'
import { linkRow, problemWith, readRows } from './chain.ts'
import { isGenuineSegment, signSegment } from './segment.ts'
import { readVerifyingKey } from './signature.ts'

const DAY_MS = 86_400_000
const EVERY_MS = 3_600_000
/** Settings that are changed together, such as by a script, are one change. */
const AFTER_CHANGE_MS = 500
const MAX_SEGMENT_ROWS = 50_000
// Some milliseconds of SQLite's time: the longest that calls wait for a prune.
const BATCH_ROWS = 500

export interface RetentionOptions {
  store: AuditStore
  bus: ChangeBus
  clock: Clock
  signer: Signer
  newId(): string
  /** How long the rows of a log are kept; undefined: for ever. */
  retentionDays(workspaceId: string): Promise<number | undefined>
  /** Forgets what is kept elsewhere of the rows up to the end of that segment. */
  forget(pruned: AuditSegment): Promise<void>
  /** Hears why a log is not pruned. */
  reportError(error: GatewayError): void
}

/** Prunes what is older than it should be: now, every hour, and soon after a workspace has changed. */
export function startRetention(options: RetentionOptions): AsyncDisposable {
  const { store, bus } = options
  let running = Promise.resolve()
  let stopped = false
  let soon: NodeJS.Timeout | undefined

  function run(): void {
    running = running.then(pruneAll)
  }

  async function pruneAll(): Promise<void> {
    await attempt(async () => {
      for (const { workspaceId } of await store.heads()) {
        if (!stopped) await attempt(() => pruneOne(workspaceId))
      }
    })
  }

  /** One log that cannot be pruned keeps no other from it. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      options.reportError(new GatewayError('internal', 'Old rows of the log were not pruned.', { cause }))
    }
  }

  async function pruneOne(workspaceId: string): Promise<void> {
    const days = await options.retentionDays(workspaceId)
    if (days === undefined) return
    await pruneLog(options, workspaceId, days * DAY_MS, () => stopped)
    // Each time, also of what was pruned before: whoever pruned it may have been killed just then.
    const last = (await store.segments(workspaceId)).at(-1)
    if (last !== undefined && !stopped) await options.forget(last)
  }

  const hourly = setInterval(run, EVERY_MS)
  hourly.unref()
  const stopListening = bus.subscribe(({ kind }) => {
    if (kind !== 'workspace') return
    clearTimeout(soon)
    soon = setTimeout(run, AFTER_CHANGE_MS)
    soon.unref()
  })
  run()

  return {
    async [Symbol.asyncDispose]() {
      stopped = true
      stopListening()
      clearInterval(hourly)
      clearTimeout(soon)
      await running
    },
  }
}

type PruneOptions = Pick<RetentionOptions, 'store' | 'clock' | 'signer' | 'newId' | 'reportError'>

/**
 * Prunes the rows of one log that began longer ago. Each piece is sealed, in one commit with the row that tells of
 * it, before its rows are deleted; what a killed run left behind is deleted by the next one. A log that is not as
 * it was written stays as it is: pruning would hide that.
 */
export async function pruneLog(
  { store, clock, signer, newId, reportError }: PruneOptions,
  workspaceId: string,
  keptMs: number,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const before = clock.now() - keptMs
  const last = (await store.segments(workspaceId)).at(-1)
  if (last !== undefined && !isGenuineSegment(last, readVerifyingKey(signer.publicKey))) {
    return reportError(damaged(workspaceId, last.fromSeq))
  }
  let end: AuditHead = last === undefined ? { seq: 0, hash: '' } : { seq: last.toSeq, hash: last.lastHash }
  await deleteUpTo(end.seq)
  const lastOld = await store.lastBefore(workspaceId, before)
  while (end.seq < lastOld && !isStopped()) {
    const toSeq = Math.min(lastOld, end.seq + MAX_SEGMENT_ROWS)
    const segment = await sealableSegment(toSeq, end)
    if (segment === undefined) return reportError(damaged(workspaceId, end.seq + 1))
    if (!(await seal(segment))) return
    end = { seq: segment.toSeq, hash: segment.lastHash }
    await deleteUpTo(end.seq)
  }

  async function deleteUpTo(seq: number): Promise<void> {
    while (!isStopped() && (await store.deleteRows(workspaceId, seq, BATCH_ROWS)));
  }

  /** The rows as one segment, or undefined when they are not what was written. */
  async function sealableSegment(toSeq: number, start: AuditHead): Promise<AuditSegment | undefined> {
    let at = start
    const times = { from: Infinity, to: 0 }
    for await (const row of readRows(store, workspaceId, start.seq)) {
      if ((await problemWith(store, row, at)) !== undefined) return undefined
      at = { seq: row.seq, hash: row.hash }
      times.from = Math.min(times.from, row.time)
      times.to = Math.max(times.to, row.time)
      if (at.seq === toSeq) break
    }
    if (at.seq !== toSeq) return undefined
    return signSegment(signer, {
      workspaceId,
      fromSeq: start.seq + 1,
      toSeq,
      previousHash: start.hash,
      lastHash: at.hash,
      fromTime: times.from,
      toTime: times.to,
      rows: toSeq - start.seq,
      sealedAt: clock.now(),
    })
  }

  /** False when another process was faster: then the rest is for it to do. */
  async function seal(segment: AuditSegment): Promise<boolean> {
    try {
      await store.seal(segment, pruneEntry(segment, newId()), linkRow)
      return true
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'conflict') return false
      throw error
    }
  }
}

function pruneEntry({ workspaceId, fromSeq, toSeq, sealedAt }: AuditSegment, requestId: string): AuditEntry {
  return {
    kind: 'management',
    time: sealedAt,
    workspaceId,
    tokenId: 'retention',
    member: 'mcpgw',
    role: 'owner',
    method: 'audit.prune',
    tool: `${fromSeq}-${toSeq}`,
    outcome: 'ok',
    latencyMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    requestId,
  }
}

function damaged(workspaceId: string, seq: number): GatewayError {
  const message = `The log of workspace ${workspaceId} is not as it was written, from row ${seq} on at the latest, and is not pruned.`
  return new GatewayError('internal', message, { fix: 'Look at it with: mcpgw-server audit verify' })
}
