import type { Generated } from 'kysely'
import type { AuditRow } from '../model/audit-row.ts'
import type { AuditSegment } from '../model/audit-seal.ts'
import type { Dimension } from '../model/call-stats.ts'
import type { ClientSeen } from '../model/client-seen.ts'
import type { Invite } from '../model/invite.ts'
import type { Shape, ShapeRun } from '../model/log-index.ts'
import type { PendingLogin } from '../model/pending-login.ts'
import type { ApprovedDefinition, ChangedDefinition } from '../model/pin.ts'
import type { EraVerdict, Server } from '../model/server.ts'
import type { PendingServerLogin } from '../model/server-login.ts'
import type { Token, TokenKind } from '../model/token.ts'
import type { Workspace } from '../model/workspace.ts'

/** Every optional property of a model type as a column that may be null. */
type Nullable<T> = { [K in keyof T]-?: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] }

/** `T` with some properties kept as JSON text. */
type WithJson<T, K extends keyof T> = Omit<T, K> & Record<K, string>

/** The tables as queries see them: camelCase here, snake_case in the database. */
export interface Tables {
  schemaMigrations: { number: number; name: string; appliedAt: number }
  workspaces: Omit<Workspace, 'audit'> & { audit: string | null }
  servers: Nullable<Omit<WithJson<Server, 'target' | 'tools'>, 'enabled'>> & { enabled: number }
  /** `tool` is as JSON writes it in both: a name may hold what a database's text cannot. */
  toolPins: Nullable<ApprovedDefinition> & { serverId: string }
  toolChanges: ChangedDefinition & { serverId: string }
  serverVerdicts: EraVerdict
  /** What is kept of an API's description. */
  serverPlans: { serverId: string; plan: string }
  serverOffers: { serverId: string; offer: string }
  credentials: {
    serverId: string
    workspaceId: string
    version: number
    names: string
    sealed: Uint8Array
    updatedAt: number
  }
  tokens: Omit<Nullable<WithJson<Token, 'rules'>>, 'kind'> & { kind: TokenKind }
  clientsSeen: ClientSeen
  invites: Nullable<WithJson<Invite, 'rules'>>
  pendingLogins: Nullable<PendingLogin>
  pendingServerLogins: PendingServerLogin
  serverRenewals: { serverId: string; holder: string; until: number }
  wrappedKeys: { name: string; wrapped: Uint8Array }
  auditHeads: { workspaceId: string; seq: number; hash: string; latestTime: number }
  auditRows: Nullable<AuditRow> & {
    /** The latest `time` of this row and all before it: it never falls along `seq`, so it can be searched by. */
    latestTime: number
  }
  auditContents: {
    workspaceId: string
    seq: number
    arguments: string
    argumentsCut: number
    result: string
    resultCut: number
  }
  auditSegments: AuditSegment
  /** `l0`, `l1`, …: the buckets of the histogram of latencies; `u` of upstream times, `g` of the gateway's. */
  callStats: { workspaceId: string; cube: string; start: number } & Record<Dimension, string> & {
      calls: number
      ok: number | null
      toolError: number | null
      protocolError: number | null
      denied: number | null
      timeout: number | null
      cancelled: number | null
      unreachable: number | null
      bytesIn: number
      bytesOut: number
      latencyUs: number
      upstreamUs: number
      gatewayUs: number
    } & Record<`${'l' | 'u' | 'g'}${number}`, number | null>
  /** How far a log is counted. */
  callStatsHeads: { workspaceId: string; seq: number }
  /** `anything`: 1 for rows of any shape, whose fields are all null then. */
  auditShapes: Nullable<Shape> & { workspaceId: string; id: string; anything: number }
  auditRuns: Omit<ShapeRun, 'shape'> & { workspaceId: string; shapeId: string; block: number }
  /** The blocks of which all runs are written. */
  auditBlocks: {
    workspaceId: string
    block: number
    fromTime: number
    toTime: number
    requestIds: Uint8Array
  }
  /** PostgreSQL only: how many transactions have announced changes. */
  changeCounter: { id: Generated<number>; value: number }
}
