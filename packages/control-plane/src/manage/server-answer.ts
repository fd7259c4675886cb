import { z } from 'zod'
import { may } from '../access/permissions.ts'
import { type LoginState, loginMissing } from '../model/login-missing.ts'
import { pinModeOf } from '../model/pin.ts'
import { missingValues, namesNeeded } from '../model/placeholder.ts'
import type { Principal } from '../model/principal.ts'
import { PIN_MODES, type Server, type ServerHealth } from '../model/server.ts'
import type { Manage } from './context.ts'
import { allowAndDeny, instant, toInstantOrNull } from './fields.ts'
import { packageRef } from './package-input.ts'

/** What is ever told about a credential: never a value. */
export const credentialAnswer = z.strictObject({
  names: z.array(z.string()),
  version: z.int().nullable(),
  updatedAt: instant.nullable(),
})

export type CredentialAnswer = z.output<typeof credentialAnswer>

const strings = z.record(z.string(), z.string())

export const serverAnswer = z.strictObject({
  name: z.string(),
  kind: z.enum(['remote', 'hosted', 'openapi']),
  enabled: z.boolean(),
  status: z.enum(['ready', 'connecting', 'needs_credential', 'needs_login', 'failing', 'disabled']),
  error: z
    .strictObject({ code: z.string(), message: z.string(), fix: z.string().exactOptional() })
    .exactOptional(),
  progress: z.string().exactOptional(),
  tools: z.int(),
  era: z.enum(['modern', 'legacy']).nullable(),
  url: z.string().exactOptional(),
  transport: z.enum(['auto', 'streamable-http', 'sse']).exactOptional(),
  headers: strings.exactOptional(),
  /** Of an API: sets of names of values, one of which is enough. */
  credentialSets: z.array(z.array(z.string())).exactOptional(),
  /** Of a server that one logs in to: how, and whether somebody has. */
  oauth: z
    .strictObject({
      client: z.enum(['dynamic', 'pre-registered']),
      scopes: z.array(z.string()).exactOptional(),
      login: z.enum(['none', 'active', 'ended']),
    })
    .exactOptional(),
  command: z.string().exactOptional(),
  args: z.array(z.string()).exactOptional(),
  env: strings.exactOptional(),
  package: packageRef.exactOptional(),
  sandbox: z
    .strictObject({
      kind: z.enum(['bwrap', 'container', 'none']),
      network: z.enum(['filtered', 'open', 'none']),
      reason: z.string().exactOptional(),
    })
    .exactOptional(),
  prefix: z.enum(['always', 'on-collision', 'never']),
  isolation: z.enum(['shared', 'per-session', 'per-member']),
  timeoutMs: z.int(),
  toolRules: allowAndDeny,
  pin: z.enum(PIN_MODES),
  pinSetBy: z.enum(['you', 'default']),
  /** Tools that are not as they were approved, and how many of them are not shown because of it. */
  changedTools: z.int(),
  heldBack: z.int(),
  credential: z.union([credentialAnswer, z.strictObject({ set: z.boolean() })]).exactOptional(),
  warning: z.string().exactOptional(),
})

export type ServerAnswer = z.output<typeof serverAnswer>

/** A server as this principal may see it. `checked` is its health when it has just been looked at. */
export async function describeServer(
  manage: Manage,
  principal: Principal,
  server: Server,
  checked?: ServerHealth,
): Promise<ServerAnswer> {
  const { login, ...credential } = await describeAccess(manage, server)
  const manages = may(principal, 'server.write', server.workspaceId)
  const sees = may(principal, 'credential.describe', server.workspaceId)
  return {
    name: server.name,
    kind: server.target.kind,
    enabled: server.enabled,
    ...describeHealth(healthOf(manage, server, { names: credential.names, login }, checked), manages),
    // An API that is no MCP server is of none.
    ...(server.target.kind === 'openapi' ? { era: null } : {}),
    ...describeTarget(server.target, manages, login),
    ...(manages ? describeSandbox(manage, server.target) : {}),
    prefix: server.prefix,
    isolation: server.isolation,
    timeoutMs: server.timeoutMs,
    toolRules: server.tools,
    pin: pinModeOf(server, credential.version !== null),
    pinSetBy: server.pin === undefined ? ('default' as const) : ('you' as const),
    ...(manages ? { credential } : sees ? { credential: { set: credential.version !== null } } : {}),
    ...(manages ? warningAbout(server.target) : {}),
  }
}

export async function describeCredential(manage: Manage, server: Server): Promise<CredentialAnswer> {
  const { login: _, ...credential } = await describeAccess(manage, server)
  return credential
}

/** The credential, and how its login stands. */
export async function describeAccess(
  { vault }: Manage,
  server: Server,
): Promise<CredentialAnswer & { login: LoginState }> {
  const known = await vault.describe(server)
  return {
    names: known?.names ?? [],
    version: known?.version ?? null,
    updatedAt: toInstantOrNull(known?.updatedAt),
    login: known?.login ?? 'none',
  }
}

/** The names a server asks its credential for that have no value yet. */
function missingNames(server: Server, names: readonly string[]): string[] {
  return missingValues(server.target, names)
}

function healthOf(
  { inspector }: Manage,
  server: Server,
  access: { names: readonly string[]; login: LoginState },
  checked: ServerHealth | undefined,
): ServerHealth {
  if (checked !== undefined) return checked
  if (!server.enabled) return { ...inspector.health(server), status: 'disabled' }
  return missingAccess(server, access) ?? inspector.health(server)
}

/** The health of a server that cannot be called before somebody has set values or logged in. */
export function missingAccess(
  server: Server,
  { names, login }: { names: readonly string[]; login: LoginState },
): ServerHealth | undefined {
  const missing = missingNames(server, names)
  if (missing.length > 0) return needsCredential(missing)
  const wantsLogin = server.target.kind === 'remote' && server.target.oauth !== undefined
  return wantsLogin && login !== 'active' ? needsLogin(login) : undefined
}

function needsLogin(login: 'none' | 'ended'): ServerHealth {
  const { code, message, fix = '' } = loginMissing(login)
  return { status: 'needs_login', error: { code, message, fix }, tools: 0 }
}

/** The health of a server that cannot be called before these values are set. */
function needsCredential(missing: readonly string[]): ServerHealth {
  const list = missing.join(', ')
  return {
    status: 'needs_credential',
    error: {
      code: 'needs_credential',
      message: `The credential has no value for ${list}.`,
      fix: `Set ${list} in this server's credential.`,
    },
    tools: 0,
  }
}

/** Whoever does not manage the server learns that something is missing, not its name. */
const NOT_YOURS_TO_MEND: Record<string, NonNullable<ServerHealth['error']>> = {
  needs_credential: {
    code: 'needs_credential',
    message: 'The credential is not complete.',
    fix: 'Ask an admin of the workspace to set it.',
  },
  needs_login: {
    code: 'needs_login',
    message: 'Nobody is logged in to this server.',
    fix: 'Ask an admin of the workspace to log in to it.',
  },
}

function describeHealth(
  { status, error, progress, tools, era, changedTools = 0, heldBack = 0 }: ServerHealth,
  manages: boolean,
) {
  const told = manages || error === undefined ? error : (NOT_YOURS_TO_MEND[error.code] ?? error)
  return {
    status,
    ...(told === undefined ? {} : { error: told }),
    ...(progress === undefined ? {} : { progress }),
    tools,
    era: era ?? null,
    changedTools,
    heldBack,
  }
}

/** Headers, arguments and environment name the credential's values: for those who manage it. */
function describeTarget(target: Server['target'], manages: boolean, login: LoginState) {
  if (target.kind === 'remote') {
    const { url, transport, headers, oauth } = target
    return {
      url,
      transport,
      ...(manages ? { headers } : {}),
      ...(oauth !== undefined && { oauth: { ...oauth, login } }),
    }
  }
  if (target.kind === 'openapi') {
    const { url, headers, credentials } = target
    return { url, ...(manages ? { headers, credentialSets: credentials } : {}) }
  }
  const { command, args, env, package: ref } = target
  return manages ? { command, args, env, ...(ref !== undefined && { package: ref }) } : {}
}

function describeSandbox(manage: Manage, target: Server['target']) {
  const sandbox = target.kind === 'hosted' ? manage.sandboxOf(target) : undefined
  return sandbox === undefined ? {} : { sandbox }
}

function warningAbout(target: Server['target']): { warning?: string } {
  if (target.kind !== 'hosted' || namesNeeded({ ...target, env: {} }).length === 0) return {}
  return {
    warning:
      'An argument holds a secret, and other programs on this machine can read arguments. If the server can take it from an environment variable, use one.',
  }
}
