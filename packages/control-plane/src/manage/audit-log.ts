import { z } from 'zod'
import { compilePolicy } from '../access/policy.ts'
import { exportCsv, exportJsonLines } from '../audit/export.ts'
import { type AuditRow, OUTCOMES } from '../model/audit-row.ts'
import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { AuditFilter } from '../model/stores.ts'
import type { AuditFeed } from './audit-feed.ts'
import { type AuditRowAnswer, auditRowAnswer, describeRow, readableMember } from './audit-row-answer.ts'
import { instantInQuery, line, nothing } from './fields.ts'
import { INSTALLATION_LOG, inWorkspace, onInstallation, type Target } from './operation.ts'
import { mapPage, pageOf, pageQuery } from './paging.ts'

const word = z.string().max(500, 'is longer than any name')

const auditQuery = z.strictObject({
  ...pageQuery(100).shape,
  server: word.exactOptional(),
  tool: word.exactOptional(),
  member: word.exactOptional(),
  token: word.exactOptional(),
  outcome: z.enum(OUTCOMES).exactOptional(),
  client: word.exactOptional(),
  requestId: word.exactOptional(),
  q: line(200).exactOptional(),
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
    const member = readableMember(principal, workspace.id)
    return manage.feeds.open({
      workspaceId: workspace.id,
      startedAfter: after ?? (await manage.storage.audit.head(workspace.id)).seq,
      describe: (row) => describeRow(row, workspace.slug),
      ...(member !== undefined && { mayRead: (row) => row.member === member }),
    })
  },
})

const keptText = z.strictObject({ text: z.string(), cut: z.boolean() })

export const showAuditRow = inWorkspace({
  name: 'audit.show',
  summary: 'One row of the log, with what is kept of the call',
  action: 'audit.read-own',
  recorded: false,
  input: nothing,
  answer: z.strictObject({
    ...auditRowAnswer.shape,
    hash: z.string(),
    /** Null where nothing was kept, and of calls that the reader's token could not have made. */
    content: z.strictObject({ arguments: keptText, result: keptText }).nullable(),
    contentDigest: z.string().nullable(),
  }),
  async run({ manage, principal, workspace }, { seq }: Target & { workspace: string }) {
    const { audit } = manage.storage
    const wanted = /^[1-9]\d{0,14}$/.test(seq ?? '') ? Number(seq) : Infinity
    const [row] = wanted === Infinity ? [] : await audit.read(workspace.id, wanted - 1, 1)
    const own = readableMember(principal, workspace.id)
    if (row?.seq !== wanted || (own !== undefined && row.member !== own)) {
      throw new GatewayError('not_found', `There is no row ${seq} in the log.`)
    }
    const isReadable =
      row.contentDigest !== undefined && (own === undefined || mayReadContent(principal, row))
    const content = isReadable ? await audit.content(workspace.id, wanted) : undefined
    return {
      ...describeRow(row, workspace.slug),
      hash: row.hash,
      content: content ?? null,
      contentDigest: row.contentDigest ?? null,
    }
  },
})

/** A token that was given to less may not read what its member's other tokens were answered. */
function mayReadContent(principal: Principal, { tokenId, server = '', tool = '' }: AuditRow): boolean {
  return (
    tokenId === principal.tokenId ||
    compilePolicy(principal).decide({ server, tool, readOnly: false }).allowed
  )
}

export interface AuditExport {
  contentType: string
  fileName: string
  chunks: AsyncIterable<string>
}

export const exportAudit = inWorkspace({
  name: 'audit.export',
  summary: 'The log, or a span of time of it, oldest first, with the hashes that chain it',
  action: 'audit.read-all',
  recorded: true,
  input: z.strictObject({
    format: z.enum(['jsonl', 'csv']).default('jsonl'),
    from: instantInQuery.exactOptional(),
    to: instantInQuery.exactOptional(),
  }),
  answer: z.custom<AuditExport>(),
  async run({ manage, workspace }, _where, { format, ...span }) {
    const { audit } = manage.storage
    const range = { ...span, workspaceId: workspace.id }
    const fileName = `${workspace.slug}-audit.${format}`
    if (format === 'csv') {
      return { contentType: 'text/csv; charset=utf-8', fileName, chunks: exportCsv(audit, range) }
    }
    return {
      contentType: 'application/jsonl; charset=utf-8',
      fileName,
      chunks: exportJsonLines(audit, range),
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
