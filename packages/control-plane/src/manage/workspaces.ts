import { z } from 'zod'
import type { Principal } from '../model/principal.ts'
import type { Page } from '../model/stores.ts'
import { type AuditSettings, SLUG_PATTERN, type Workspace } from '../model/workspace.ts'
import type { Manage } from './context.ts'
import { instant, line, noAnswer, nothing, toInstant } from './fields.ts'
import { forCaller, INSTALLATION_LOG, inWorkspace, onInstallation, record } from './operation.ts'
import { mapPage, pageOf, pageQuery } from './paging.ts'

export const slug = z
  .string()
  .regex(SLUG_PATTERN, 'must be 1 to 40 of a-z, 0-9 and "-", and neither begin nor end with "-"')

const workspaceAnswer = z.strictObject({
  slug,
  name: z.string(),
  createdAt: instant,
  audit: z.strictObject({
    capture: z.enum(['on', 'off']),
    /** Null: as long as the installation says. */
    retentionDays: z.int().nullable(),
  }),
})

type WorkspaceAnswer = z.output<typeof workspaceAnswer>

export const createWorkspace = onInstallation({
  name: 'workspace.create',
  summary: 'Make a workspace',
  action: 'workspace.create',
  recorded: true,
  input: z.strictObject({ slug, name: line(100).exactOptional() }),
  answer: workspaceAnswer,
  async run({ manage, deed }, _where, input) {
    deed.thing = input.slug
    const workspace: Workspace = {
      id: manage.newId(),
      slug: input.slug,
      name: input.name ?? input.slug,
      createdAt: manage.clock.now(),
    }
    await manage.storage.workspaces.create(workspace)
    deed.workspaceId = workspace.id
    return describe(workspace)
  },
})

export const listWorkspaces = forCaller({
  name: 'workspace.list',
  summary: 'The workspaces you can see',
  action: 'workspace.read',
  recorded: false,
  input: pageQuery(100),
  answer: pageOf(workspaceAnswer),
  async run({ manage, principal }, _where, query) {
    return mapPage(await visibleWorkspaces(manage, principal, query), describe)
  },
})

export const showWorkspace = inWorkspace({
  name: 'workspace.show',
  summary: 'One workspace',
  action: 'workspace.read',
  recorded: false,
  input: nothing,
  answer: workspaceAnswer,
  async run({ workspace }) {
    return describe(workspace)
  },
})

const auditChange = z.strictObject({
  capture: z.enum(['on', 'off']).exactOptional(),
  retentionDays: z
    .int('must be a whole number of days')
    .min(1, 'must be 1 to 36500')
    .max(36_500, 'must be 1 to 36500')
    .nullable()
    .exactOptional(),
})

export const changeWorkspace = inWorkspace({
  name: 'workspace.update',
  summary: 'Change the name of a workspace, what its log keeps and for how long; its slug stays',
  action: 'workspace.update',
  recorded: true,
  input: z
    .strictObject({ name: line(100).exactOptional(), audit: auditChange.exactOptional() })
    .refine(({ name, audit }) => name !== undefined || audit !== undefined, 'says nothing to change'),
  answer: workspaceAnswer,
  async run({ manage, principal, workspace, deed }, _where, { name, audit }) {
    const { workspaces } = manage.storage
    const changed = { ...workspace }
    if (audit !== undefined) {
      changed.audit = changedAudit(workspace.audit, audit)
      deed.shownAs = describeAuditChange(audit)
      // A log that keeps its rows for a day loses the one that says who wanted that: the installation's log has it, too.
      const beside = { workspaceId: INSTALLATION_LOG, thing: workspace.slug, shownAs: deed.shownAs }
      const { audit: settings } = changed
      await record(manage, principal, 'workspace.update', beside, () =>
        workspaces.configureAudit(workspace.id, settings),
      )
    }
    if (name !== undefined) {
      changed.name = name
      await workspaces.rename(workspace.id, name)
    }
    return describe(changed)
  },
})

function changedAudit(
  before: AuditSettings = { capture: false },
  { capture, retentionDays }: z.output<typeof auditChange>,
): AuditSettings {
  const days = retentionDays === undefined ? before.retentionDays : (retentionDays ?? undefined)
  return {
    capture: capture === undefined ? before.capture : capture === 'on',
    ...(days === undefined ? {} : { retentionDays: days }),
  }
}

/** For the row in the log: what is kept of calls is nothing to change unseen. */
function describeAuditChange({ capture, retentionDays }: z.output<typeof auditChange>): string {
  return [
    ...(capture === undefined ? [] : [`capture ${capture}`]),
    ...(retentionDays === undefined ? [] : [`retention ${retentionDays ?? 'default'}`]),
  ].join(', ')
}

export const removeWorkspace = inWorkspace({
  name: 'workspace.remove',
  summary: 'Remove a workspace with its servers, credentials and tokens; its log stays',
  action: 'workspace.remove',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  async run({ manage, workspace }) {
    await manage.storage.workspaces.remove(workspace.id)
    return undefined
  },
})

async function visibleWorkspaces(
  manage: Manage,
  principal: Principal,
  query: { cursor?: string; limit: number },
): Promise<Page<Workspace>> {
  if (principal.workspaceId === undefined) return manage.storage.workspaces.list(query)
  const own = await manage.storage.workspaces.byId(principal.workspaceId)
  return { items: own === undefined ? [] : [own] }
}

function describe({ slug, name, createdAt, audit }: Workspace): WorkspaceAnswer {
  return {
    slug,
    name,
    createdAt: toInstant(createdAt),
    audit: { capture: audit?.capture === true ? 'on' : 'off', retentionDays: audit?.retentionDays ?? null },
  }
}
