import type { z } from 'zod'
import { type Action, noSuchWorkspace, requirePermission } from '../access/permissions.ts'
import type { Outcome } from '../model/audit-row.ts'
import { asGatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { Workspace } from '../model/workspace.ts'
import type { Manage } from './context.ts'
import { readInput } from './read-input.ts'

/** What the log says an action was about. An operation fills in what only it can know. */
export interface Deed {
  workspaceId: string
  server?: string
  /** The thing acted on: a slug, a server, a token's id. Never a value. */
  thing?: string
  shownAs?: string
}

export interface Scene {
  manage: Manage
  principal: Principal
  deed: Deed
  /** Aborted when nobody waits for the answer any more, or the caller's token ends; where the door can tell. */
  signal?: AbortSignal
}

export interface WorkspaceScene extends Scene {
  workspace: Workspace
}

/** What a path names. */
export interface Target {
  workspace?: string
  server?: string
  token?: string
  invite?: string
  /** An entry of the catalog, by its id. */
  entry?: string
  /** A catalog of one's own, by its name. */
  catalog?: string
  /** A row of the log, by its number. */
  seq?: string
}

/**
 * One thing a person can do. Who may, what goes in and what comes out are said here once: the door, its
 * description for machines and the tests of permissions all read them from this object.
 */
export interface Operation<Where extends Target = Target, Input = unknown, Answer = unknown> {
  /** As the log and the API description call it, e.g. `server.create`. */
  readonly name: string
  readonly summary: string
  /** Absent: anyone with a valid token. */
  readonly action?: Action
  /** Whether it works inside a workspace, for the whole installation, or for whoever is calling. */
  readonly scope: 'workspace' | 'installation' | 'caller'
  /** Whether it leaves a row in the log; looking does not, or reading the log would grow it. */
  readonly recorded: boolean
  readonly input: z.ZodType<Input>
  readonly answer: z.ZodType<Answer>
  // Methods, so that operations on different targets fit in one table.
  run(scene: Scene & { workspace?: Workspace }, where: Where, input: Input): Promise<Answer>
}

type Definition<Where extends Target, Input, Answer, TheScene> = Omit<
  Operation<Where, Input, Answer>,
  'run' | 'scope'
> & { run(scene: TheScene, where: Where, input: Input): Promise<Answer> }

/** An operation inside one workspace; to whoever may not see the workspace it does not exist. */
export function inWorkspace<Where extends Target & { workspace: string }, Input, Answer>(
  definition: Definition<Where, Input, Answer, WorkspaceScene>,
): Operation<Where, Input, Answer> {
  return {
    ...definition,
    scope: 'workspace',
    run: ({ workspace, ...scene }, where, input) =>
      definition.run({ ...scene, workspace: found(workspace) }, where, input),
  }
}

/** An operation on the installation as a whole. */
export function onInstallation<Where extends Target, Input, Answer>(
  definition: Definition<Where, Input, Answer, Scene>,
): Operation<Where, Input, Answer> {
  return { ...definition, scope: 'installation' }
}

/** An operation about whoever is calling, with whatever their token opens. */
export function forCaller<Where extends Target, Input, Answer>(
  definition: Definition<Where, Input, Answer, Scene>,
): Operation<Where, Input, Answer> {
  return { ...definition, scope: 'caller' }
}

/** The chain of rows that belong to no workspace, such as the making of owner tokens. */
export const INSTALLATION_LOG = 'installation'

/**
 * Carries out an operation for a principal: permission first, then the input is read, then the work. A recorded
 * operation happens only while the log can be written, and its row is durable before the answer is given.
 */
export async function perform<Where extends Target, Input, Answer>(
  manage: Manage,
  operation: Operation<Where, Input, Answer>,
  principal: Principal,
  where: Where,
  input: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const workspace =
    where.workspace === undefined ? undefined : await visibleWorkspace(manage, principal, where.workspace)
  const deed = openDeed(principal, workspace, where)
  const work = async () => {
    requireRight(operation, principal, workspace)
    const scene = {
      manage,
      principal,
      deed,
      ...(workspace === undefined ? {} : { workspace }),
      ...(signal === undefined ? {} : { signal }),
    }
    return operation.run(scene, where, readInput(operation.input, input))
  }
  return operation.recorded ? record(manage, principal, operation.name, deed, work) : work()
}

function requireRight(operation: Operation, principal: Principal, workspace: Workspace | undefined): void {
  if (operation.action === undefined) return
  const workspaceId = operation.scope === 'caller' ? principal.workspaceId : workspace?.id
  requirePermission(principal, operation.action, workspaceId)
}

async function visibleWorkspace(manage: Manage, principal: Principal, slug: string): Promise<Workspace> {
  const workspace = await manage.storage.workspaces.bySlug(slug)
  const foreign = principal.role !== 'owner' && workspace?.id !== principal.workspaceId
  return found(foreign ? undefined : workspace)
}

function found(workspace: Workspace | undefined): Workspace {
  if (workspace === undefined) throw noSuchWorkspace()
  return workspace
}

function openDeed(principal: Principal, workspace: Workspace | undefined, where: Target): Deed {
  const thing = where.token ?? where.invite ?? where.catalog ?? where.server ?? where.workspace
  return {
    workspaceId: workspace?.id ?? principal.workspaceId ?? INSTALLATION_LOG,
    ...(where.server === undefined ? {} : { server: where.server }),
    ...(thing === undefined ? {} : { thing }),
  }
}

/**
 * Does something with a row in the log: only while the log can be written, and the row is durable before this
 * settles, whether the work was done or refused.
 */
export async function record<Answer>(
  manage: Manage,
  principal: Principal,
  method: string,
  deed: Deed,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const attempt = manage.recorder.begin()
  const startedAt = manage.clock.now()
  const ended = await settle(work)
  const now = manage.clock.now()
  await attempt.finish({
    kind: 'management',
    time: startedAt,
    workspaceId: deed.workspaceId,
    tokenId: principal.tokenId,
    member: principal.member,
    role: principal.role,
    method,
    ...(deed.server === undefined ? {} : { server: deed.server }),
    ...(deed.thing === undefined ? {} : { tool: deed.thing }),
    ...(deed.shownAs === undefined ? {} : { shownAs: deed.shownAs }),
    ...(ended.done ? { outcome: 'ok' } : failure(ended.error)),
    latencyMs: now - startedAt,
    bytesIn: 0,
    bytesOut: 0,
    requestId: manage.newId(),
  })
  if (ended.done) return ended.answer
  throw ended.error
}

type Ended<Answer> = { done: true; answer: Answer } | { done: false; error: unknown }

async function settle<Answer>(work: () => Promise<Answer>): Promise<Ended<Answer>> {
  try {
    return { done: true, answer: await work() }
  } catch (error) {
    return { done: false, error }
  }
}

/** The code alone: a message may quote what the caller typed. */
function failure(error: unknown): { outcome: Outcome; reason: string } {
  const { code } = asGatewayError(error)
  if (code === 'internal') return { outcome: 'protocol_error', reason: code }
  if (code === 'upstream_timeout') return { outcome: 'timeout', reason: code }
  if (code === 'upstream_unavailable') return { outcome: 'unreachable', reason: code }
  return { outcome: 'denied', reason: code }
}
