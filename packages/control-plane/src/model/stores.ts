import type { AuditEntry, AuditHead, AuditRow, CallContent } from './audit-row.ts'
import type { AuditSegment } from './audit-seal.ts'
import type { StatsStore } from './call-stats.ts'
import type { ChangeBus } from './change.ts'
import type { ClientSeen } from './client-seen.ts'
import type { CredentialRecord } from './credential.ts'
import type { Invite } from './invite.ts'
import type { LogIndexStore } from './log-index.ts'
import type { MemberRevocation, MemberShare, OwnerRevocation } from './member.ts'
import type { LoginDecision, PendingLogin } from './pending-login.ts'
import type {
  Approval,
  ApprovedDefinition,
  ApprovedHashes,
  ChangedDefinition,
  SeenDefinition,
  WorkspacePins,
} from './pin.ts'
import type { EraVerdict, Server } from './server.ts'
import type { PendingServerLogin } from './server-login.ts'
import type { DatabaseDescription } from './system.ts'
import type { Token, TokenKind } from './token.ts'
import type { AuditSettings, Workspace } from './workspace.ts'

/** A page of a list; `nextCursor` is opaque and absent on the last page. */
export interface Page<T> {
  items: T[]
  nextCursor?: string
}

export interface PageRequest {
  cursor?: string
  /** 1 to 500. */
  limit: number
}

/** Every `create` throws GatewayError `conflict` when the name is taken; every bad cursor is `invalid_request`. */
export interface WorkspaceStore {
  create(workspace: Workspace): Promise<void>
  list(page: PageRequest): Promise<Page<Workspace>>
  bySlug(slug: string): Promise<Workspace | undefined>
  byId(id: string): Promise<Workspace | undefined>
  rename(id: string, name: string): Promise<void>
  configureAudit(id: string, audit: AuditSettings): Promise<void>
  /** Removes the workspace with its servers, credentials, data key and tokens; its log stays. */
  remove(id: string): Promise<void>
  count(): Promise<number>
}

export interface ServerStore {
  /** `plan` is what is kept of an API's description. */
  create(server: Server, plan?: string): Promise<void>
  /** All servers of a workspace, by name. */
  all(workspaceId: string): Promise<Server[]>
  byName(workspaceId: string, name: string): Promise<Server | undefined>
  /** Replaces everything but id, workspace and creation time. */
  update(server: Server): Promise<void>
  remove(id: string): Promise<void>
  /** Those of all workspaces. */
  count(): Promise<number>
  /** The plan that the server was created with. It goes with its server, and is read when one connects. */
  plan(serverId: string): Promise<string | undefined>
  verdict(serverId: string): Promise<EraVerdict | undefined>
  /** Publishes no change: a verdict is an observation, not configuration. */
  saveVerdict(verdict: EraVerdict): Promise<void>
  /** The last list of what a server offers, as it was saved; undefined after its target changed. */
  lastOffer(serverId: string): Promise<string | undefined>
  /** Publishes no change either. */
  saveLastOffer(serverId: string, offer: string): Promise<void>
}

/** The definitions of tools that are approved, and those that wait. They go with their server. */
export interface PinStore {
  /** What decides which tools of a workspace are shown. */
  ofWorkspace(workspaceId: string): Promise<WorkspacePins>
  /**
   * Approves the definitions of those tools that have none yet, as long as there is room: 20,000 definitions and
   * 64 MiB for each server. Resolves with all that is approved of the server.
   */
  recordFirst(serverId: string, seen: readonly SeenDefinition[], at: number): Promise<ApprovedHashes>
  /**
   * Replaces what waits of one listing; what is approved meanwhile is left out, and what waited before keeps its
   * `since`. Resolves with the tools for which no listing showed this definition before. Publishes no change.
   */
  replaceChanges(
    serverId: string,
    variant: string,
    seen: readonly SeenDefinition[],
    at: number,
  ): Promise<string[]>
  /** Everything recorded of a server, by tool and then oldest first. */
  ofServer(serverId: string): Promise<{ approved: ApprovedDefinition[]; changed: ChangedDefinition[] }>
  /** Approves definitions that wait, all or none: throws `conflict` when one of them does not wait. */
  approve(server: Server, approvals: readonly Approval[], by: string, at: number): Promise<void>
}

export interface CredentialStore {
  /**
   * Throws `conflict` unless `record.version` is exactly one more than the stored one (1 when there is none). Publishes
   * a change of the kind given.
   */
  put(record: CredentialRecord, kind?: 'credential' | 'renewal'): Promise<void>
  byServer(serverId: string): Promise<CredentialRecord | undefined>
  /** Every credential of a workspace; of all workspaces when absent (for re-sealing). */
  all(workspaceId?: string): Promise<CredentialRecord[]>
  remove(serverId: string): Promise<void>
}

export interface TokenStore {
  create(token: Token): Promise<void>
  byHash(hash: string): Promise<Token | undefined>
  byId(id: string): Promise<Token | undefined>
  /** Tokens of one workspace, newest first, or the sessions of browsers there; those of owners when the id is absent. */
  list(workspaceId: string | undefined, page: PageRequest, kind?: TokenKind): Promise<Page<Token>>
  /** Ends the token and every token that came from it. */
  revoke(id: string, at: number): Promise<void>
  /** Swaps the hash in one step: the old token stops as the new one starts, and every token that came from it ends. */
  replaceHash(id: string, hash: string, expiresAt: number | undefined, at: number): Promise<void>
  /** May be lost; publishes no change. */
  touch(id: string, at: number): Promise<void>
  /** How many owner tokens there are; no sessions. */
  countOwners(): Promise<number>
  /** Creates an owner token where there is none; of many at once, one succeeds. Throws `conflict` afterwards. */
  createFirstOwner(token: Token): Promise<void>
}

/** What browsers were given for a token. They are tokens in all that ends them. */
export interface SessionStore {
  /**
   * Forgets the sessions that were over at that moment, and creates this one. Throws `conflict`, and changes nothing,
   * when the token it is opened with has ended, or is a session itself.
   */
  open(session: Token, parentHash: string, at: number): Promise<void>
}

export interface ClientFilter {
  workspaceId: string
  /** Those of this member's tokens alone. */
  member?: string
  /** Inclusive, Unix milliseconds. */
  seenSince: number
}

/** A client, and whose token it used. */
export interface ClientOfToken extends ClientSeen {
  tokenName: string
  member: string
}

/** The clients that connected. They go with their token and with the workspace; nothing of it is announced. */
export interface ClientStore {
  /**
   * Notes sightings in one transaction; `firstSeenAt` of a client that is known stays. Of each token the last 20 are
   * kept. Sightings of tokens and workspaces that are gone are left out.
   */
  note(seen: readonly ClientSeen[]): Promise<void>
  /** Last seen first. */
  list(filter: ClientFilter, page: PageRequest): Promise<Page<ClientOfToken>>
  /** The client last seen with each of these tokens, in whatever workspace. */
  lastOf(tokenIds: readonly string[]): Promise<Map<string, string>>
  /** Forgets what was last seen before that time. */
  forget(seenBefore: number): Promise<void>
}

/** Members as their tokens tell of them. */
export interface MemberStore {
  /** The workspaces in which a member has a token that is not revoked, or an invite that is not used. */
  workspacesOf(member: string): Promise<string[]>
  /** What members hold that is live at that moment: in one workspace, or everywhere and as owners. */
  shares(at: number, workspaceId?: string): Promise<MemberShare[]>
  /**
   * Ends every token of a member in one workspace, and every token that came from these, and takes back the invites
   * that were not used yet.
   */
  revokeInWorkspace(workspaceId: string, member: string, at: number): Promise<MemberRevocation>
  /**
   * Ends a member's owner tokens, and every token that came from these. Where nobody else holds a live one, one stays:
   * `preferredId`, or the one it came from, when it is among them.
   */
  revokeOwner(member: string, at: number, preferredId: string): Promise<OwnerRevocation>
}

export interface InviteStore {
  create(invite: Invite): Promise<void>
  byHash(hash: string): Promise<Invite | undefined>
  /** The invites of a workspace in whatever state, newest first. */
  list(workspaceId: string, page: PageRequest): Promise<Page<Invite>>
  /** Throws `not_found` unless the workspace has it. A token it has given stays. */
  remove(workspaceId: string, id: string): Promise<void>
}

/** What one token is given for. Each thing named must be good, and what works once is used up. */
export interface Redemption {
  /** Hash of a pending login that was approved. */
  loginHash?: string
  /** Hash of an invite. */
  inviteHash?: string
  /** Hash of the token that becomes the parent. */
  parentHash?: string
}

/** Logins on their way. Nothing of one is kept anywhere else, so that any replica can go on with it. */
export interface LoginStore {
  /** Forgets the logins that were over before `overBefore`. Throws `conflict` when a code is taken. */
  begin(login: PendingLogin, overBefore: number): Promise<void>
  byHash(hash: string): Promise<PendingLogin | undefined>
  byUserCode(userCode: string): Promise<PendingLogin | undefined>
  /**
   * How many devices wait for a decision at that moment. One that was denied counts until its code is over: whoever
   * began it can deny it without any proof, and would make room for as many as they like.
   */
  countWaiting(address: string, at: number): Promise<{ fromAddress: number; inAll: number }>
  /** False when no device with that code waits for a decision: the first one counts. */
  decide(userCode: string, decision: LoginDecision, at: number): Promise<boolean>
  /** Notes that a device asked. False when it was too soon: it must then wait `penaltyMs` longer each time. */
  notePoll(hash: string, at: number, penaltyMs: number): Promise<boolean>
  /**
   * Creates the token and uses up what it is given for, in one step; of many at once, one succeeds. Throws
   * `conflict`, and changes nothing, when something it is given for is used, over, revoked or gone.
   */
  redeem(token: Token, redemption: Redemption, at: number): Promise<void>
}

/** Logins of ours at other authorization servers. Nothing of one is kept anywhere else: any replica can go on with it. */
export interface ServerLoginStore {
  /** Forgets the logins that are over, and what the same person has begun for the same server before. */
  begin(login: PendingServerLogin, at: number): Promise<void>
  /** Undefined for one that is over. */
  byState(stateHash: string, at: number): Promise<PendingServerLogin | undefined>
  /** Uses it up: of many at once, one succeeds. */
  take(stateHash: string, at: number): Promise<boolean>
  /** Lets one holder of all replicas renew a server's tokens, until that time at most. False while another one does. */
  holdRenewal(serverId: string, holder: string, until: number, at: number): Promise<boolean>
  endRenewal(serverId: string, holder: string): Promise<void>
}

/** The wrapped keys of the vault. Nothing here opens anything without the master key. */
export interface KeyStore {
  /** A wrapped key by name, e.g. `sentinel` or `workspace:ID`. */
  get(name: string): Promise<Uint8Array | undefined>
  /** Throws `conflict` when the name exists. */
  add(name: string, wrapped: Uint8Array): Promise<void>
  replace(name: string, wrapped: Uint8Array): Promise<void>
  names(): Promise<string[]>
}

export interface AuditFilter {
  workspaceId: string
  server?: string
  tool?: string
  member?: string
  tokenId?: string
  outcome?: string
  kind?: 'call' | 'management'
  client?: string
  requestId?: string
  /** Part of a server, tool, shown name, member, client or reason; capital letters of ASCII are as good as small ones. */
  q?: string
  /** Inclusive, Unix milliseconds. */
  from?: number
  /** Exclusive, Unix milliseconds. */
  to?: number
}

/** Computes a row's hash from the hash before it. */
export type LinkRow = (previousHash: string, row: Omit<AuditRow, 'hash'>) => string

export interface AuditStore {
  /**
   * Appends all entries in one durable transaction, in order, each workspace's entries chained behind its head.
   * `link` computes a row's hash from the previous hash. Publishes one `audit` change per workspace touched.
   */
  append(entries: readonly AuditEntry[], link: LinkRow): Promise<AuditRow[]>
  /** Newest first. */
  search(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>
  /** Oldest first, from `afterSeq` (exclusive): for verifying and exporting. */
  read(workspaceId: string, afterSeq: number, limit: number): Promise<AuditRow[]>
  head(workspaceId: string): Promise<AuditHead>
  /** Where every log ends, also those of workspaces that were removed. */
  heads(): Promise<(AuditHead & { workspaceId: string })[]>
  /** What is kept of a call beside its row. */
  content(workspaceId: string, seq: number): Promise<CallContent | undefined>
  /** What was pruned, oldest first. */
  segments(workspaceId: string): Promise<AuditSegment[]>
  /** The last row that, like all before it, began before that time; 0 when there is none. */
  lastBefore(workspaceId: string, time: number): Promise<number>
  /** Notes a segment together with the row that tells of it. Throws `conflict` when it was sealed already. */
  seal(segment: AuditSegment, entry: AuditEntry, link: LinkRow): Promise<void>
  /** Deletes at most so many of the oldest rows up to `toSeq`, and their content. False when none are left. */
  deleteRows(workspaceId: string, toSeq: number, limit: number): Promise<boolean>
}

/** Everything that is kept, and the bus that tells of changes. */
export interface Storage extends AsyncDisposable {
  workspaces: WorkspaceStore
  servers: ServerStore
  pins: PinStore
  credentials: CredentialStore
  tokens: TokenStore
  sessions: SessionStore
  clients: ClientStore
  members: MemberStore
  invites: InviteStore
  logins: LoginStore
  serverLogins: ServerLoginStore
  keys: KeyStore
  audit: AuditStore
  stats: StatsStore
  logIndex: LogIndexStore
  bus: ChangeBus
  /** Throws unless the database answers. */
  ping(): Promise<void>
  describe(): Promise<DatabaseDescription>
}
