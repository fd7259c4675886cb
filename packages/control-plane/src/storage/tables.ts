import type { Generated } from 'kysely'
import type { AuditRow } from '../model/audit-row.ts'
import type { AuditSegment } from '../model/audit-seal.ts'
import type { Invite } from '../model/invite.ts'
import type { PendingLogin } from '../model/pending-login.ts'
import type { ApprovedDefinition, ChangedDefinition } from '../model/pin.ts'
import type { EraVerdict, Server } from '../model/server.ts'
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
  invites: Nullable<WithJson<Invite, 'rules'>>
  pendingLogins: Nullable<PendingLogin>
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
  /** PostgreSQL only: how many transactions have announced changes. */
  changeCounter: { id: Generated<number>; value: number }
}
