export type Era = 'modern' | 'legacy'

export type RemoteTransport = 'streamable-http' | 'sse'

/** A server reached by URL. Header values may hold `{{NAME}}`, replaced by the credential's value of that name. */
export interface RemoteTarget {
  kind: 'remote'
  url: string
  /** `auto` finds it out by probing. */
  transport: RemoteTransport | 'auto'
  headers: Record<string, string>
  /** Present: requests carry the access token of a login. */
  oauth?: OAuthTarget
}

/** How the gateway becomes a client of a server's authorization server, and what it asks for. */
export interface OAuthTarget {
  client: 'dynamic' | 'pre-registered'
  /** Absent: what the server itself asks for. */
  scopes?: string[]
}

export const PACKAGE_REGISTRIES = ['npm', 'pypi', 'oci'] as const

/** A package that a hosted server is started from. */
export interface PackageRef {
  registryType: (typeof PACKAGE_REGISTRIES)[number]
  identifier: string
  version?: string
}

/** A server we start: an argument vector without a shell. Arguments and environment values may hold `{{NAME}}`. */
export interface HostedTarget {
  kind: 'hosted'
  command: string
  args: string[]
  env: Record<string, string>
  /** Present when `command` is only what would start it elsewhere: `npx`, `uvx` or `docker`. */
  package?: PackageRef
  /** Absent: filtered in a sandbox, open without one. */
  network?: Network
  /** The paths that its sandbox shows it, where these are not all that its arguments and variables name. */
  opens?: string[]
}

/**
 * An HTTP API whose chosen operations are tools. What these are is kept apart, since it may be large: see
 * `ServerStore.plan`. Header values may hold `{{NAME}}`.
 */
export interface OpenApiTarget {
  kind: 'openapi'
  /** The base address, to which the paths of operations are appended. */
  url: string
  headers: Record<string, string>
  /** Sets of names of the credential's values, one of which is enough; empty where no operation needs any. */
  credentials: string[][]
}

/** What a hosted server can reach: what remote servers may be at, everything, or nothing. */
export type Network = 'filtered' | 'open' | 'none'

/** What keeps a hosted server apart, and why nothing does. */
export interface SandboxState {
  kind: 'bwrap' | 'container' | 'none'
  network: Network
  reason?: string
}

export type PrefixMode = 'always' | 'on-collision' | 'never'

/**
 * What happens to a tool whose definition is not the one that was approved: it is held back, it is shown and noted, or
 * nobody looks.
 */
export const PIN_MODES = ['enforce', 'warn', 'off'] as const
export type PinMode = (typeof PIN_MODES)[number]

/** Who shares one upstream session or process: everyone, one client session, or one member. */
export type Isolation = 'shared' | 'per-session' | 'per-member'

/** Which of a server's tools the workspace shows at all, by the server's own tool names; deny wins. */
export interface ToolSelection {
  allow?: string[]
  deny?: string[]
}

/** Something a workspace can reach, as it is stored. */
export interface Server {
  id: string
  workspaceId: string
  /** Unique in its workspace: 1 to 32 of `[a-z0-9-]`. */
  name: string
  target: RemoteTarget | HostedTarget | OpenApiTarget
  /** Absent: somebody described it by hand. */
  origin?: ServerOrigin
  enabled: boolean
  prefix: PrefixMode
  tools: ToolSelection
  isolation: Isolation
  /** What happens when a tool's definition changes; absent: see `pinModeOf`. */
  pin?: PinMode
  /** The longest a call may take, in milliseconds. */
  timeoutMs: number
  createdAt: number
  updatedAt: number
}

/** Where a server came from: what it takes to see that the catalog has moved on, and to follow. */
export interface ServerOrigin {
  /** The entry's id; of a catalog of one's own with its name in front, as in `acme.tickets`. */
  entry: string
  /** Which of the entry's deployments: a key that stays when others are added. */
  deployment: string
  /** Of the package, or of the entry where it is at an address. */
  version: string
  /** As the catalog had it, `{NAME}` standing for a value: for remote servers. */
  address?: string
  /** What was given and is no secret. */
  values: Record<string, string>
}

export const SERVER_NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/** What probing found out about a server, remembered across restarts. */
export interface EraVerdict {
  serverId: string
  era: Era
  transport: RemoteTransport | 'stdio'
  /** When it was found, Unix milliseconds: a verdict is looked at again after a day. */
  foundAt: number
}

export type ServerStatus =
  | 'ready'
  | 'connecting'
  | 'needs_credential'
  | 'needs_login'
  | 'failing'
  | 'disabled'

/** How a server is doing now, for people. */
export interface ServerHealth {
  status: ServerStatus
  error?: { code: string; message: string; fix?: string }
  /** What it is doing while it is connecting, where that takes longer than people expect. */
  progress?: string
  tools: number
  era?: Era
  /** Tools whose definition waits for approval. */
  changedTools?: number
  /** Those of them that are not shown meanwhile. */
  heldBack?: number
}
