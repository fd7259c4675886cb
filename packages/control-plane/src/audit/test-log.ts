import type { AuditEntry, AuditHead, AuditRow } from '../model/audit-row.ts'
import type { AuditStore } from '../model/stores.ts'

/** A log in memory for this room's tests, whose rows and heads a test may tamper with. */
export function createMemoryStore(): AuditStore & { rows: AuditRow[]; ends: Map<string, AuditHead> } {
  const rows: AuditRow[] = []
  const ends = new Map<string, AuditHead>()
  const head = (workspaceId: string) => ends.get(workspaceId) ?? { seq: 0, hash: '' }
  return {
    rows,
    ends,
    append: async (entries, link) =>
      entries.map((entry) => {
        const previous = head(entry.workspaceId)
        const unlinked = { ...entry, seq: previous.seq + 1 }
        const row: AuditRow = { ...unlinked, hash: link(previous.hash, unlinked) }
        rows.push(row)
        ends.set(entry.workspaceId, { seq: row.seq, hash: row.hash })
        return row
      }),
    search: async () => ({ items: [] }),
    read: async (workspaceId, afterSeq, limit) =>
      rows.filter((row) => row.workspaceId === workspaceId && row.seq > afterSeq).slice(0, limit),
    head: async (workspaceId) => head(workspaceId),
    heads: async () => Array.from(ends, ([workspaceId, { seq, hash }]) => ({ workspaceId, seq, hash })),
    content: async () => undefined,
    segments: async () => [],
    lastBefore: async () => 0,
    seal: () => Promise.reject(new Error('not in memory')),
    deleteRows: async () => false,
  }
}

export function entryOf(change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    kind: 'call',
    time: Date.UTC(2026, 0, 1),
    workspaceId: 'w1',
    tokenId: 't1',
    member: 'ada',
    role: 'developer',
    method: 'tools/call',
    outcome: 'ok',
    latencyMs: 1.5,
    bytesIn: 10,
    bytesOut: 20,
    requestId: 'r1',
    ...change,
  }
}
