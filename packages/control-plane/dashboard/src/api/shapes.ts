import {
  array,
  boolean,
  nullable,
  number,
  object,
  enum as oneOf,
  optional,
  type output,
  record,
  string,
  union,
  unknown,
} from 'zod/mini'

// What the admin API answers, as far as these pages use it. Fields that they do not know are passed over, so that a
// newer control plane does not break a page that is open.

export const ROLES = ['owner', 'admin', 'developer', 'readonly'] as const
const role = oneOf(ROLES)
export type Role = output<typeof role>

function pageOf<T extends Parameters<typeof array>[0]>(item: T) {
  return object({ items: array(item), nextCursor: optional(string()) })
}

export const whoamiShape = object({
  role,
  member: string(),
  workspace: optional(string()),
  expiresAt: optional(nullable(string())),
  actions: array(string()),
  tokenName: optional(string()),
  session: optional(object({ expiresAt: string() })),
})
export type Whoami = output<typeof whoamiShape>

export const setupStateShape = object({ open: boolean() })
export const setupDoneShape = object({ token: string(), member: string(), workspace: string() })

export const workspaceShape = object({
  slug: string(),
  name: string(),
  createdAt: string(),
  audit: object({ capture: oneOf(['on', 'off']), retentionDays: nullable(number()) }),
})
export type Workspace = output<typeof workspaceShape>
export const workspacesShape = pageOf(workspaceShape)

export const SERVER_STATUSES = [
  'ready',
  'connecting',
  'needs_credential',
  'needs_login',
  'failing',
  'disabled',
] as const
export type ServerStatus = (typeof SERVER_STATUSES)[number]

const selection = object({ allow: optional(array(string())), deny: optional(array(string())) })
export type Selection = output<typeof selection>

const fault = object({ code: string(), message: string(), fix: optional(string()) })

const credential = object({
  names: array(string()),
  version: nullable(number()),
  updatedAt: nullable(string()),
})

export const serverShape = object({
  name: string(),
  kind: oneOf(['remote', 'hosted', 'openapi']),
  enabled: boolean(),
  status: oneOf(SERVER_STATUSES),
  error: optional(fault),
  /** What a server that is not met yet is doing, where that takes long. */
  progress: optional(string()),
  tools: number(),
  era: nullable(oneOf(['modern', 'legacy'])),
  url: optional(string()),
  transport: optional(string()),
  headers: optional(record(string(), string())),
  oauth: optional(
    object({
      client: oneOf(['dynamic', 'pre-registered']),
      scopes: optional(array(string())),
      login: oneOf(['none', 'active', 'ended']),
    }),
  ),
  credentialSets: optional(array(array(string()))),
  command: optional(string()),
  args: optional(array(string())),
  env: optional(record(string(), string())),
  package: optional(object({ registryType: string(), identifier: string(), version: optional(string()) })),
  sandbox: optional(object({ kind: string(), network: string(), reason: optional(string()) })),
  prefix: oneOf(['always', 'on-collision', 'never']),
  isolation: oneOf(['shared', 'per-session', 'per-member']),
  timeoutMs: number(),
  toolRules: selection,
  pin: oneOf(['enforce', 'warn', 'off']),
  pinSetBy: oneOf(['you', 'default']),
  changedTools: number(),
  heldBack: number(),
  credential: optional(union([credential, object({ set: boolean() })])),
  warning: optional(string()),
  catalog: optional(object({ id: string(), version: string(), deployment: string() })),
  update: optional(object({ from: string(), to: string() })),
})
export type Server = output<typeof serverShape>
export const serversShape = pageOf(serverShape)

export const begunLoginShape = object({ authorizationUrl: string(), issuer: string(), expiresAt: string() })

const importedServerShape = object({
  ref: string(),
  path: array(string()),
  outcome: oneOf(['offered', 'added', 'skipped', 'refused']),
  name: optional(string()),
  becomes: optional(
    object({
      kind: oneOf(['remote', 'hosted']),
      url: optional(string()),
      headers: optional(record(string(), string())),
      package: optional(
        object({ registryType: string(), identifier: string(), version: optional(string()) }),
      ),
      command: optional(string()),
      args: optional(array(string())),
      env: optional(record(string(), string())),
    }),
  ),
  secrets: array(string()),
  missing: array(string()),
  warnings: array(string()),
  reason: optional(string()),
  fix: optional(string()),
  wantsVersion: optional(boolean()),
  preselected: boolean(),
  obsolete: boolean(),
})
export type ImportedServer = output<typeof importedServerShape>

export const importedShape = object({
  items: array(importedServerShape),
  replacement: object({ path: array(string()), text: string() }),
})
export type Imported = output<typeof importedShape>

const apiOperation = object({
  method: string(),
  path: string(),
  tags: array(string()),
  summary: optional(string()),
  deprecated: boolean(),
  tool: string(),
  readOnly: boolean(),
  destructive: boolean(),
  credentials: array(array(string())),
})
export type ApiOperation = output<typeof apiOperation>

/** What an OpenAPI document has to choose from. */
export const apiReadingShape = object({
  title: string(),
  urls: array(string()),
  operations: array(apiOperation),
  credentials: array(object({ name: string(), scheme: string(), description: optional(string()) })),
  leftOut: array(object({ method: string(), path: string(), reason: string() })),
})
export type ApiReading = output<typeof apiReadingShape>

export const credentialShape = object({ ...credential.shape, warning: optional(string()) })

export const serverToolShape = object({
  tool: string(),
  shownAs: string(),
  title: nullable(string()),
  description: nullable(string()),
  readOnly: boolean(),
  destructive: boolean(),
  state: oneOf(['shown', 'off', 'held']),
  needsTasks: optional(boolean()),
  definition: record(string(), unknown()),
})
export type ServerTool = output<typeof serverToolShape>
export const serverToolsShape = pageOf(serverToolShape)

/** A tool as the caller's own token sees it. */
export const toolShape = object({
  name: string(),
  server: string(),
  tool: string(),
  definition: record(string(), unknown()),
})
export type Tool = output<typeof toolShape>
export const toolsShape = pageOf(toolShape)

const flag = object({ kind: string(), path: string(), found: string() })
export type Flag = output<typeof flag>

export const pinShape = object({
  tool: string(),
  state: oneOf(['approved', 'changed']),
  hash: string(),
  firstSeenAt: string(),
  approvedAt: string(),
  approvedBy: string(),
  flags: array(flag),
  pending: optional(
    object({
      hash: string(),
      since: string(),
      changes: array(object({ path: string(), before: optional(unknown()), after: optional(unknown()) })),
      flags: array(flag),
    }),
  ),
})
export type Pin = output<typeof pinShape>
export const pinsShape = pageOf(pinShape)
export const approvedShape = object({ approved: array(string()) })

const rules = object({
  servers: optional(selection),
  tools: optional(selection),
  readOnlyTools: optional(boolean()),
})
export type Rules = output<typeof rules>

export const tokenShape = object({
  id: string(),
  name: string(),
  member: string(),
  role,
  kind: optional(oneOf(['token', 'session'])),
  rules,
  createdAt: string(),
  expiresAt: nullable(string()),
  lastUsedAt: nullable(string()),
  lastClient: optional(nullable(string())),
  revokedAt: nullable(string()),
  parentId: optional(string()),
})
export type Token = output<typeof tokenShape>
export const tokensShape = pageOf(tokenShape)

export const issuedTokenShape = object({
  id: string(),
  token: string(),
  name: string(),
  member: string(),
  role,
  expiresAt: nullable(string()),
})
export type IssuedToken = output<typeof issuedTokenShape>

export const inviteShape = object({
  id: string(),
  member: string(),
  role,
  rules,
  state: oneOf(['open', 'used', 'expired']),
  createdAt: string(),
  expiresAt: string(),
  usedAt: nullable(string()),
  tokenExpiresIn: optional(number()),
})
export type Invite = output<typeof inviteShape>
export const invitesShape = pageOf(inviteShape)

export const issuedInviteShape = object({
  id: string(),
  link: string(),
  member: string(),
  role,
  expiresAt: string(),
})
export type IssuedInvite = output<typeof issuedInviteShape>

export const OUTCOMES = [
  'ok',
  'tool_error',
  'protocol_error',
  'denied',
  'timeout',
  'cancelled',
  'unreachable',
] as const
const outcome = oneOf(OUTCOMES)
export type Outcome = output<typeof outcome>

export const logRowShape = object({
  seq: number(),
  time: string(),
  workspace: nullable(string()),
  kind: oneOf(['call', 'management']),
  method: string(),
  tokenId: string(),
  member: string(),
  role,
  client: nullable(string()),
  server: nullable(string()),
  tool: nullable(string()),
  shownAs: nullable(string()),
  outcome,
  reason: optional(string()),
  latencyMs: number(),
  upstreamMs: nullable(number()),
  bytesIn: number(),
  bytesOut: number(),
  requestId: string(),
})
export type LogRow = output<typeof logRowShape>
export const logShape = pageOf(logRowShape)

const keptText = object({ text: string(), cut: boolean() })
export const logRowDetailShape = object({
  ...logRowShape.shape,
  hash: string(),
  content: nullable(object({ arguments: keptText, result: keptText })),
  contentDigest: nullable(string()),
})
export type LogRowDetail = output<typeof logRowDetailShape>

const quantiles = object({ p50: number(), p95: number(), p99: number(), mean: number() })
export type Quantiles = output<typeof quantiles>

const figures = {
  calls: number(),
  errors: number(),
  errorRate: number(),
  outcomes: record(string(), number()),
  bytesIn: number(),
  bytesOut: number(),
  latencyMs: nullable(quantiles),
  gatewayMs: nullable(quantiles),
  upstreamMs: nullable(quantiles),
}
const figuresShape = object(figures)
export type Figures = output<typeof figuresShape>

export const statsItemShape = object({
  ...figures,
  server: optional(nullable(string())),
  tool: optional(nullable(string())),
  member: optional(string()),
  tokenId: optional(string()),
  tokenName: optional(nullable(string())),
  client: optional(nullable(string())),
  start: optional(string()),
  weekday: optional(number()),
  hour: optional(number()),
})
export type StatsItem = output<typeof statsItemShape>

export const statsShape = object({
  from: string(),
  to: string(),
  asOf: string(),
  total: figuresShape,
  items: array(statsItemShape),
})
export type Stats = output<typeof statsShape>

export const clientShape = object({
  client: string(),
  era: nullable(oneOf(['modern', 'legacy'])),
  tokenId: string(),
  tokenName: nullable(string()),
  member: string(),
  firstSeenAt: string(),
  lastSeenAt: string(),
})
export type SeenClient = output<typeof clientShape>
export const clientsShape = pageOf(clientShape)

export const memberShape = object({
  member: string(),
  roles: array(role),
  tokens: number(),
  sessions: number(),
  lastUsedAt: nullable(string()),
})
export type Member = output<typeof memberShape>
export const membersShape = pageOf(memberShape)

export const everyMemberShape = object({
  member: string(),
  workspaces: array(object({ slug: string(), roles: array(role), tokens: number() })),
  ownerTokens: optional(number()),
  lastUsedAt: nullable(string()),
})
export type EveryMember = output<typeof everyMemberShape>
export const everyMembersShape = pageOf(everyMemberShape)
export const revokedShape = object({
  revoked: number(),
  /** The last owner token there is, which stays. */
  kept: optional(object({ id: string(), name: string() })),
})
export type Revoked = output<typeof revokedShape>

export const callShape = object({
  outcome,
  latencyMs: number(),
  upstreamMs: nullable(number()),
  requestId: string(),
  seq: optional(nullable(number())),
  result: nullable(record(string(), unknown())),
  error: nullable(object({ ...fault.shape, rpcCode: optional(number()), data: optional(unknown()) })),
  inputRequired: nullable(record(string(), unknown())),
})
export type CallAnswer = output<typeof callShape>

/** What looking through the whole log found. */
export const verdictShape = object({
  ok: boolean(),
  rows: optional(number()),
  pruned: optional(number()),
  firstBadSeq: optional(number()),
  reason: optional(string()),
})
export type Verdict = output<typeof verdictShape>

export const masterKeyShape = object({
  source: oneOf(['file', 'environment']),
  file: optional(string()),
  keyId: string(),
  unfinished: boolean(),
  olderKeys: number(),
  unreadableKeys: number(),
})

export const rotatedKeyShape = object({
  keyId: string(),
  wrapped: number(),
  file: optional(string()),
  advice: string(),
})
export type RotatedKey = output<typeof rotatedKeyShape>

export const systemShape = object({
  version: string(),
  startedAt: string(),
  node: string(),
  database: object({ kind: string(), sizeBytes: nullable(number()), version: optional(nullable(string())) }),
  masterKey: masterKeyShape,
  sandbox: nullable(object({ kind: string(), reason: optional(string()) })),
  eventLoopMs: object({ p50: number(), p99: number() }),
  memoryBytes: number(),
  workspaces: number(),
  servers: number(),
  log: object({ checkpoints: nullable(string()), retentionDays: nullable(number()) }),
})
export type System = output<typeof systemShape>

const counts = record(string(), number())

export const catalogItemShape = object({
  id: string(),
  title: string(),
  description: string(),
  vendor: string(),
  isOfficial: boolean(),
  category: string(),
  status: oneOf(['active', 'deprecated', 'unmaintained']),
  statusNote: optional(string()),
  replacedBy: optional(string()),
  warning: optional(string()),
  links: object({ homepage: string(), docs: optional(string()), source: optional(string()) }),
  verified: array(object({ at: string(), how: string(), note: optional(string()) })),
  source: string(),
  denied: optional(string()),
  isAddable: boolean(),
  ways: array(object({ kind: string(), auth: string() })),
})
export type CatalogItem = output<typeof catalogItemShape>

export const catalogPageShape = object({
  ...pageOf(catalogItemShape).shape,
  total: number(),
  counts: object({ category: counts, auth: counts, transport: counts, official: counts }),
})
export type CatalogPage = output<typeof catalogPageShape>

const need = object({
  name: string(),
  isSecret: boolean(),
  isRequired: boolean(),
  description: optional(string()),
  format: string(),
  default: optional(string()),
  choices: optional(array(string())),
  placeholder: optional(string()),
  getItAt: optional(string()),
})
export type Need = output<typeof need>

const deployment = object({
  kind: oneOf(['remote', 'npm', 'pypi', 'oci']),
  auth: string(),
  oauth: optional(object({ client: string() })),
  registerAt: optional(string()),
  label: optional(string()),
  warning: optional(string()),
  tools: optional(number()),
  obstacle: optional(string()),
  url: optional(string()),
  package: optional(string()),
  version: optional(string()),
  needs: array(need),
})
export type Deployment = output<typeof deployment>

export const catalogEntryShape = object({
  ...catalogItemShape.shape,
  version: string(),
  deployments: array(deployment),
})
export type CatalogEntry = output<typeof catalogEntryShape>

export const serverJsonReadingShape = object({
  title: string(),
  description: string(),
  version: string(),
  suggestedName: string(),
  deployments: array(deployment),
})
export type ServerJsonReading = output<typeof serverJsonReadingShape>

export const serverUpdateShape = object({
  from: string(),
  to: string(),
  needs: array(need),
  tools: nullable(
    object({
      added: array(object({ tool: string(), description: nullable(string()) })),
      removed: array(string()),
      changed: array(
        object({
          tool: string(),
          changes: array(object({ path: string(), before: optional(unknown()), after: optional(unknown()) })),
        }),
      ),
      unchanged: number(),
    }),
  ),
  reason: optional(object({ message: string(), fix: optional(string()) })),
})
export type ServerUpdate = output<typeof serverUpdateShape>

export const catalogSourceShape = object({
  name: string(),
  title: string(),
  kind: oneOf(['built-in', 'given', 'registry']),
  url: optional(string()),
  isOn: boolean(),
  size: number(),
  leftOut: number(),
  readAt: nullable(string()),
  problem: optional(object({ at: string(), message: string(), fix: optional(string()) })),
})
export type CatalogSource = output<typeof catalogSourceShape>
export const catalogSourcesShape = object({ items: array(catalogSourceShape) })

const catalogRule = object({
  id: optional(string()),
  category: optional(string()),
  official: optional(boolean()),
  transport: optional(string()),
  source: optional(string()),
})
export type CatalogRule = output<typeof catalogRule>
export const catalogRulesShape = object({
  builtIn: boolean(),
  allow: optional(array(catalogRule)),
  deny: optional(array(catalogRule)),
})
export type CatalogRules = output<typeof catalogRulesShape>
