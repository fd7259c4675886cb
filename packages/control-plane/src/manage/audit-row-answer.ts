import { z } from 'zod'
import { may } from '../access/permissions.ts'
import { type AuditRow, OUTCOMES } from '../model/audit-row.ts'
import type { Principal } from '../model/principal.ts'
import { ROLES } from '../model/role.ts'
import { instant, toInstant } from './fields.ts'

export const auditRowAnswer = z.strictObject({
  seq: z.int(),
  time: instant,
  /** Absent in the log of the installation. */
  workspace: z.string().nullable(),
  kind: z.enum(['call', 'management']),
  method: z.string(),
  tokenId: z.string(),
  member: z.string(),
  role: z.enum(ROLES),
  client: z.string().nullable(),
  server: z.string().nullable(),
  tool: z.string().nullable(),
  shownAs: z.string().nullable(),
  outcome: z.enum(OUTCOMES),
  reason: z.string().exactOptional(),
  latencyMs: z.number(),
  upstreamMs: z.number().nullable(),
  bytesIn: z.int(),
  bytesOut: z.int(),
  requestId: z.string(),
})

export type AuditRowAnswer = z.output<typeof auditRowAnswer>

export function describeRow(row: AuditRow, slug: string | undefined): AuditRowAnswer {
  return {
    seq: row.seq,
    time: toInstant(row.time),
    workspace: slug ?? null,
    kind: row.kind,
    method: row.method,
    tokenId: row.tokenId,
    member: row.member,
    role: row.role,
    client: row.client ?? null,
    server: row.server ?? null,
    tool: row.tool ?? null,
    shownAs: row.shownAs ?? null,
    outcome: row.outcome,
    ...(row.reason === undefined ? {} : { reason: row.reason }),
    latencyMs: row.latencyMs,
    upstreamMs: row.upstreamMs ?? null,
    bytesIn: row.bytesIn,
    bytesOut: row.bytesOut,
    requestId: row.requestId,
  }
}

/** The member whose rows alone a principal may read; undefined when they may read all. */
export function readableMember(principal: Principal, workspaceId: string): string | undefined {
  return may(principal, 'audit.read-all', workspaceId) ? undefined : principal.member
}
