import { z } from 'zod'
import { verifyChain } from '../audit/chain.ts'
import { exportCsv, exportJsonLines } from '../audit/export.ts'
import { OUTCOMES } from '../model/audit-row.ts'
import type { Principal } from '../model/principal.ts'
import type { AuditFilter } from '../model/stores.ts'
import { type AuditFeed, openAuditFeed } from './audit-feed.ts'
import { type AuditRowAnswer, auditRowAnswer, describeRow, readableMember } from './audit-row-answer.ts'
import { instantInQuery, nothing } from './fields.ts'
import { INSTALLATION_LOG, inWorkspace, onInstallation } from './operation.ts'
import { mapPage, pageOf, pageQuery } from './paging.ts'

const word = z.string().max(500, 'is longer than any name')

const auditQuery = z.strictObject({
  ...pageQuery(100).shape,
  server: word.exactOptional(),
  tool: word.exactOptional(),
  member: word.exactOptional(),
  token: word.exactOptional(),
  outcome: z.enum(OUTCOMES).exactOptional(),
  kind: z.enum(['call', 'management']).exactOptional(),
  from: instantInQuery.exactOptional(),
  to: instantInQuery.exactOptional(),
})

export const listAudit = inWorkspace({
  name: 'audit.list',
  summary: 'The log, newest first: all of it for admins, your own rows for developers',
  action: 'audit.read-own',
  recorded: false,
  input: auditQuery,
  answer: pageOf(auditRowAnswer),
  async run({ manage, principal, workspace }, _where, { cursor, limit, ...query }) {
    const filter = readableFilter(principal, workspace.id, query)
    if (filter === undefined) return { items: [] }
    const page = await manage.storage.audit.search(filter, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    })
    return mapPage(page, (row) => describeRow(row, workspace.slug))
  },
})

export const listInstallationAudit = onInstallation({
  name: 'audit.list-installation',
  summary: 'The log of what belongs to no workspace, such as the making of owner tokens',
  action: 'audit.read-all',
  recorded: false,
  input: auditQuery,
  answer: pageOf(auditRowAnswer),
  async run({ manage, principal }, _where, { cursor, limit, ...query }) {
    const filter = readableFilter(principal, INSTALLATION_LOG, query) ?? { workspaceId: INSTALLATION_LOG }
    const page = await manage.storage.audit.search(filter, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    })
    return mapPage(page, (row) => describeRow(row, undefined))
  },
})

/** How a feed reaches the reader is the door's business. */
export const tailAudit = inWorkspace({
  name: 'audit.tail',
  summary: 'New rows of the log as they are written, as server-sent events; resumed by Last-Event-ID',
  action: 'audit.read-own',
  recorded: false,
  input: z.strictObject({
    after: z.coerce
      .number('must be a row number')
      .int('must be a row number')
      .min(0, 'must be a row number')
      .exactOptional(),
  }),
  answer: z.custom<AuditFeed<AuditRowAnswer>>(),
  async run({ manage, principal, workspace }, _where, { after }) {
    const { audit, bus } = manage.storage
    const member = readableMember(principal, workspace.id)
    return openAuditFeed({
      audit,
      bus,
      workspaceId: workspace.id,
      startedAfter: after ?? (await audit.head(workspace.id)).seq,
      show: (row) =>
        member === undefined || row.member === member ? describeRow(row, workspace.slug) : undefined,
    })
  },
})

const verdict = z.strictObject({
  ok: z.boolean(),
  rows: z.int().exactOptional(),
  head: z.strictObject({ seq: z.int(), hash: z.string() }).exactOptional(),
  firstBadSeq: z.int().exactOptional(),
  reason: z.string().exactOptional(),
})

export const verifyAudit = inWorkspace({
  name: 'audit.verify',
  summary: 'Look for changed, missing or reordered rows in the whole log',
  action: 'audit.verify',
  recorded: true,
  input: nothing,
  answer: verdict,
  run: ({ manage, workspace }) => verifyChain(manage.storage.audit, workspace.id),
})

export const verifyInstallationAudit = onInstallation({
  name: 'audit.verify-installation',
  summary: 'The same for the log of what belongs to no workspace',
  action: 'audit.verify',
  recorded: true,
  input: nothing,
  answer: verdict,
  run: ({ manage }) => verifyChain(manage.storage.audit, INSTALLATION_LOG),
})

export interface AuditExport {
  contentType: string
  fileName: string
  chunks: AsyncIterable<string>
}

export const exportAudit = inWorkspace({
  name: 'audit.export',
  summary: 'The whole log, oldest first, with the hashes that chain it',
  action: 'audit.read-all',
  recorded: true,
  input: z.strictObject({ format: z.enum(['jsonl', 'csv']).default('jsonl') }),
  answer: z.custom<AuditExport>(),
  async run({ manage, workspace }, _where, { format }) {
    const { audit } = manage.storage
    const fileName = `${workspace.slug}-audit.${format}`
    if (format === 'csv') {
      return { contentType: 'text/csv; charset=utf-8', fileName, chunks: exportCsv(audit, workspace.id) }
    }
    return {
      contentType: 'application/jsonl; charset=utf-8',
      fileName,
      chunks: exportJsonLines(audit, workspace.id),
    }
  },
})

type AuditQuery = Omit<z.output<typeof auditQuery>, 'cursor' | 'limit'>

/** The rows asked for, as far as the principal may read them; undefined when none of them are theirs. */
function readableFilter(
  principal: Principal,
  workspaceId: string,
  query: AuditQuery,
): AuditFilter | undefined {
  const { token, ...rest } = query
  const filter = { ...rest, workspaceId, ...(token === undefined ? {} : { tokenId: token }) }
  const own = workspaceId === INSTALLATION_LOG ? undefined : readableMember(principal, workspaceId)
  if (own === undefined) return filter
  return query.member === undefined || query.member === own ? { ...filter, member: own } : undefined
}
