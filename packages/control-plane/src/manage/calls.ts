import { z } from 'zod'
import { principalOf } from '../access/authenticator.ts'
import { requireSameRules } from '../access/delegation.ts'
import { requirePermission } from '../access/permissions.ts'
import { type AuditEntry, OUTCOMES } from '../model/audit-row.ts'
import { GatewayError } from '../model/error.ts'
import { DEFAULT_LIMITS } from '../model/limits.ts'
import type { Principal } from '../model/principal.ts'
import type { ToolCallAnswer } from '../model/tool-caller.ts'
import { parseJson, requestLimits } from '../protocol/json.ts'
import { inWorkspace, record, type WorkspaceScene } from './operation.ts'

const anything = z.record(z.string(), z.unknown())

/** Also as its own JSON in a text: there a number may have more digits than a JSON parser elsewhere lets pass. */
const argumentsInput = z.union([anything, z.string().transform(readArguments)])

const callInput = z.strictObject({
  name: z.string().min(1, 'must not be empty').max(500, 'is longer than any name'),
  arguments: argumentsInput.default({}),
  token: z.string().max(100, 'is no id of a token').exactOptional(),
  inputResponses: z.record(z.string(), z.looseObject({})).exactOptional(),
  requestState: z.string().exactOptional(),
})

const callAnswer = z.strictObject({
  outcome: z.enum(OUTCOMES),
  latencyMs: z.number(),
  upstreamMs: z.number().nullable(),
  requestId: z.string(),
  /** The number of the call's row in the log, where it is found at once. */
  seq: z.int().nullable(),
  result: anything.nullable(),
  error: z
    .strictObject({
      code: z.string(),
      message: z.string(),
      fix: z.string().exactOptional(),
      rpcCode: z.number().exactOptional(),
      data: z.unknown().exactOptional(),
    })
    .nullable(),
  inputRequired: anything.nullable(),
})

export const callTool = inWorkspace({
  name: 'tool.call',
  summary:
    'Call a tool, as yourself or as a token of the workspace; where the server asks something, call again with "inputResponses" and "requestState"',
  action: 'tool.use',
  // The call leaves its own row.
  recorded: false,
  input: callInput,
  answer: callAnswer,
  async run(scene, _where, { token, ...call }) {
    if (token === undefined || token === scene.principal.tokenId) return callAs(scene, scene.principal, call)
    const { manage, principal, deed } = scene
    deed.thing = token
    return record(manage, principal, 'call.as-token', deed, async () =>
      callAs(scene, await requireLiveToken(scene, token), call),
    )
  },
})

async function callAs(
  { manage, principal, workspace, deed, signal }: WorkspaceScene,
  as: Principal,
  call: Omit<z.output<typeof callInput>, 'token'>,
): Promise<z.output<typeof callAnswer>> {
  const answer = await manage.callTool({
    ...call,
    workspaceId: workspace.id,
    as,
    by: principal,
    ...(signal !== undefined && { signal }),
  })
  const { row } = answer
  if (row.server !== undefined) deed.server = row.server
  return describeCall(answer, await seqOf({ manage, workspace }, row))
}

function describeCall(
  { row, result, error, inputRequired }: ToolCallAnswer,
  seq: number | null,
): z.output<typeof callAnswer> {
  const { outcome, latencyMs, upstreamMs = null, requestId } = row
  return {
    outcome,
    latencyMs,
    upstreamMs,
    requestId,
    seq,
    result: result ?? null,
    error: error ?? null,
    inputRequired: inputRequired ?? null,
  }
}

/** Among the token's newest rows: it may be making other calls meanwhile. */
async function seqOf(
  { manage, workspace }: Pick<WorkspaceScene, 'manage' | 'workspace'>,
  { tokenId, time, requestId }: AuditEntry,
): Promise<number | null> {
  const filter = { workspaceId: workspace.id, tokenId, kind: 'call' as const, from: time }
  const { items } = await manage.storage.audit.search(filter, { limit: 100 })
  return items.find((row) => row.requestId === requestId)?.seq ?? null
}

/** Whoever calls as a token does what it may: they must be able to give it out, with its rules. */
async function requireLiveToken(
  { manage, principal, workspace, deed }: WorkspaceScene,
  id: string,
): Promise<Principal> {
  requirePermission(principal, 'token.manage', workspace.id)
  const token = await manage.storage.tokens.byId(id)
  // A session is a browser's, and nothing that anybody else could act as.
  if (token === undefined || token.kind === 'session' || token.workspaceId !== workspace.id)
    throw new GatewayError('not_found', 'There is no such token.', { fix: CHOOSE_ANOTHER })
  deed.shownAs = token.name
  requireSameRules(principal, token.rules)
  if (token.revokedAt !== undefined) throw ended(`The token "${token.name}" is revoked.`)
  if (token.expiresAt !== undefined && token.expiresAt <= manage.clock.now())
    throw ended(`The token "${token.name}" has expired.`)
  return principalOf(token)
}

const CHOOSE_ANOTHER = 'Choose a live token of this workspace.'

function ended(message: string): GatewayError {
  return new GatewayError('conflict', message, { fix: CHOOSE_ANOTHER })
}

function readArguments(text: string, context: z.core.$RefinementCtx): Record<string, unknown> {
  const value = parsed(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  context.addIssue({ code: 'custom', message: 'must be a JSON object' })
  return z.NEVER
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, requestLimits(DEFAULT_LIMITS))
  } catch (error) {
    if (error instanceof GatewayError) throw error
    return undefined
  }
}
