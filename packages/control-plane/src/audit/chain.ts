import { hash } from 'node:crypto'
import type { AuditHead, AuditRow, CallContent } from '../model/audit-row.ts'
import type { AuditSegment } from '../model/audit-seal.ts'
import type { AuditStore } from '../model/stores.ts'
import { isGenuineSegment } from './segment.ts'
import type { VerifyingKey } from './signature.ts'

const PAGE_ROWS = 500

/**
 * The hash of a row in its place: over the hash before it and everything in it. The encoding never changes for rows
 * that exist; a new field comes with a new first word.
 */
export function linkRow(previousHash: string, row: Omit<AuditRow, 'hash'>): string {
  // One array in a fixed order: JSON keeps the values apart, and an absent one is null.
  const { contentDigest } = row
  const content = JSON.stringify([
    contentDigest === undefined ? 'mcpgw-audit-1' : 'mcpgw-audit-2',
    previousHash,
    row.seq,
    row.kind,
    row.time,
    row.workspaceId,
    row.tokenId,
    row.member,
    row.role,
    row.client ?? null,
    row.era ?? null,
    row.method,
    row.server ?? null,
    row.tool ?? null,
    row.shownAs ?? null,
    row.outcome,
    row.reason ?? null,
    row.latencyMs,
    row.upstreamMs ?? null,
    row.bytesIn,
    row.bytesOut,
    row.requestId,
    row.traceId ?? null,
    ...(contentDigest === undefined ? [] : [contentDigest]),
  ])
  return hash('sha256', content, 'base64url')
}

export type Verdict =
  | { ok: true; rows: number; pruned: number; checkpoints: number; head: AuditHead }
  | { ok: false; firstBadSeq: number; reason: VerdictReason }

export type VerdictReason =
  | 'missing' // a row that was here is not
  | 'changed' // a row, or its place in the order, is not what was written
  | 'content_changed' // what was kept of a call's arguments and result is not what was written, or gone
  | 'segment_forged' // rows are said to be pruned that this gateway did not prune so
  | 'not_in_head' // rows behind the recorded end of the log
  | 'checkpoint_forged' // the installation's key did not sign the checkpoint
  | 'checkpoint_differs' // the log was rewritten since the checkpoint was taken

/** What is known of a log from elsewhere. */
export interface Evidence {
  /** Opens the seals of pruned segments; without it none counts. */
  key?: VerifyingKey
  /** Heads noted earlier and kept elsewhere. */
  checkpoints?: readonly AuditHead[]
}

/**
 * Reads a workspace's whole log and tells whether it is as it was written, and if not, from which row on. The chain
 * alone cannot tell a log rewritten or cut together with its recorded end: checkpoints can.
 */
export async function verifyChain(
  store: AuditStore,
  workspaceId: string,
  evidence: Evidence = {},
): Promise<Verdict> {
  for (;;) {
    const segments = await store.segments(workspaceId)
    const verdict = await verifyOnce({ store, workspaceId, segments, evidence })
    // What looks like a gap may be rows that were pruned while we read.
    if (verdict.ok || (await store.segments(workspaceId)).length === segments.length) return verdict
  }
}

interface Verification {
  store: AuditStore
  workspaceId: string
  segments: readonly AuditSegment[]
  evidence: Evidence
}

async function verifyOnce({ store, workspaceId, segments, evidence }: Verification): Promise<Verdict> {
  const { checkpoints = [], key } = evidence
  const expected = Map.groupBy(checkpoints, ({ seq }) => seq)
  const head = await store.head(workspaceId)
  let last: AuditHead = EMPTY
  for (const segment of segments) {
    if (!continues(segment, last, key)) return bad(last.seq + 1, 'segment_forged')
    last = { seq: segment.toSeq, hash: segment.lastHash }
    if (contradicts(last, expected)) return bad(last.seq, 'checkpoint_differs')
  }
  const pruned = last.seq
  for await (const row of readRows(store, workspaceId, pruned)) {
    const reason = await problemWith(store, row, last)
    if (reason !== undefined) return bad(last.seq + 1, reason)
    if (contradicts(row, expected)) return bad(row.seq, 'checkpoint_differs')
    last = { seq: row.seq, hash: row.hash }
    if (last.seq === head.seq && last.hash !== head.hash) return bad(last.seq, 'changed')
  }
  const now = await store.head(workspaceId)
  return verdictAtEnd({ last, head, now, checkpoints, pruned })
}

const EMPTY: AuditHead = { seq: 0, hash: '' }

function continues(segment: AuditSegment, last: AuditHead, key: VerifyingKey | undefined): boolean {
  const follows = segment.fromSeq === last.seq + 1 && segment.previousHash === last.hash
  return follows && key !== undefined && isGenuineSegment(segment, key)
}

function contradicts({ seq, hash }: AuditHead, expected: ReadonlyMap<number, AuditHead[]>): boolean {
  return expected.get(seq)?.some((checkpoint) => checkpoint.hash !== hash) ?? false
}

/** Why a row, with what is kept beside it, is not what was written behind the last one; undefined when it is. */
export async function problemWith(
  store: AuditStore,
  row: AuditRow,
  last: AuditHead,
): Promise<VerdictReason | undefined> {
  if (row.seq > last.seq + 1) return 'missing'
  if (row.seq !== last.seq + 1 || row.hash !== linkRow(last.hash, row)) return 'changed'
  if (row.contentDigest === undefined) return undefined
  const content = await store.content(row.workspaceId, row.seq)
  return content !== undefined && digestOf(content) === row.contentDigest ? undefined : 'content_changed'
}

/** Over everything that is kept of one call's content. */
export function digestOf({ arguments: given, result }: CallContent): string {
  const content = JSON.stringify(['mcpgw-content-1', given.text, given.cut, result.text, result.cut])
  return hash('sha256', content, 'base64url')
}

interface EndOfLog {
  last: AuditHead
  /** The head before reading, and the one after: rows may have been added in between. */
  head: AuditHead
  now: AuditHead
  checkpoints: readonly AuditHead[]
  pruned: number
}

function verdictAtEnd({ last, head, now, checkpoints, pruned }: EndOfLog): Verdict {
  const furthest = checkpoints.reduce((seq, checkpoint) => Math.max(seq, checkpoint.seq), head.seq)
  if (last.seq < furthest) return bad(last.seq + 1, 'missing')
  if (last.seq > now.seq) return bad(now.seq + 1, 'not_in_head')
  return { ok: true, rows: last.seq - pruned, pruned, checkpoints: checkpoints.length, head: last }
}

function bad(firstBadSeq: number, reason: VerdictReason): Verdict {
  return { ok: false, firstBadSeq, reason }
}

/** All rows of a workspace behind that one, oldest first, a page at a time. */
export async function* readRows(
  store: AuditStore,
  workspaceId: string,
  behindSeq = 0,
): AsyncGenerator<AuditRow> {
  let afterSeq = behindSeq
  for (;;) {
    const rows = await store.read(workspaceId, afterSeq, PAGE_ROWS)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) return
    // A store that answers out of order must not keep us reading for ever.
    afterSeq = Math.max(last.seq, afterSeq + 1)
  }
}
