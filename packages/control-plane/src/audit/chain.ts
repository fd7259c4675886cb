import { hash } from 'node:crypto'
import type { AuditHead, AuditRow } from '../model/audit-row.ts'
import type { AuditStore } from '../model/stores.ts'

const PAGE_ROWS = 500

/**
 * The hash of a row in its place: over the hash before it and everything in it. The encoding never changes for rows
 * that exist; a new field would come with a new first word.
 */
export function linkRow(previousHash: string, row: Omit<AuditRow, 'hash'>): string {
  // One array in a fixed order: JSON keeps the values apart, and an absent one is null.
  const content = JSON.stringify([
    'mcpgw-audit-1',
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
  ])
  return hash('sha256', content, 'base64url')
}

export type Verdict =
  | { ok: true; rows: number; head: AuditHead }
  | { ok: false; firstBadSeq: number; reason: VerdictReason }

export type VerdictReason =
  | 'missing' // a row that was here is not
  | 'changed' // a row, or its place in the order, is not what was written
  | 'not_in_head' // rows behind the recorded end of the log
  | 'checkpoint_differs' // the log was rewritten since the checkpoint was taken

/**
 * Reads a workspace's whole log and tells whether it is as it was written, and if not, from which row on. The chain
 * alone cannot tell a log rewritten or cut together with its recorded end: `checkpoints`, heads noted earlier and
 * kept elsewhere, can.
 */
export async function verifyChain(
  store: AuditStore,
  workspaceId: string,
  checkpoints: readonly AuditHead[] = [],
): Promise<Verdict> {
  const expected = new Map(checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint.hash]))
  const head = await store.head(workspaceId)
  let last: AuditHead = { seq: 0, hash: '' }
  for await (const row of readRows(store, workspaceId)) {
    const reason = problemWith(row, last, expected)
    if (reason !== undefined) return { ok: false, firstBadSeq: last.seq + 1, reason }
    last = { seq: row.seq, hash: row.hash }
    if (last.seq === head.seq && last.hash !== head.hash) return bad(last.seq, 'changed')
  }
  return verdictAtEnd({ last, head, now: await store.head(workspaceId), checkpoints })
}

function problemWith(
  row: AuditRow,
  last: AuditHead,
  expected: ReadonlyMap<number, string>,
): VerdictReason | undefined {
  if (row.seq > last.seq + 1) return 'missing'
  if (row.seq !== last.seq + 1 || row.hash !== linkRow(last.hash, row)) return 'changed'
  const checkpoint = expected.get(row.seq)
  return checkpoint === undefined || checkpoint === row.hash ? undefined : 'checkpoint_differs'
}

interface EndOfLog {
  last: AuditHead
  /** The head before reading, and the one after: rows may have been added in between. */
  head: AuditHead
  now: AuditHead
  checkpoints: readonly AuditHead[]
}

function verdictAtEnd({ last, head, now, checkpoints }: EndOfLog): Verdict {
  const furthest = Math.max(head.seq, ...checkpoints.map((checkpoint) => checkpoint.seq))
  if (last.seq < furthest) return bad(last.seq + 1, 'missing')
  if (last.seq > now.seq) return bad(now.seq + 1, 'not_in_head')
  return { ok: true, rows: last.seq, head: last }
}

function bad(firstBadSeq: number, reason: VerdictReason): Verdict {
  return { ok: false, firstBadSeq, reason }
}

/** All rows of a workspace, oldest first, a page at a time. */
export async function* readRows(store: AuditStore, workspaceId: string): AsyncGenerator<AuditRow> {
  let afterSeq = 0
  for (;;) {
    const rows = await store.read(workspaceId, afterSeq, PAGE_ROWS)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) return
    // A store that answers out of order must not keep us reading for ever.
    afterSeq = Math.max(last.seq, afterSeq + 1)
  }
}
