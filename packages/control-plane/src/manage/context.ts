import type { Recorder } from '../audit/recorder.ts'
import type { Catalog } from '../catalog/load-catalog.ts'
import type { CatalogShelf } from '../catalog/shelf.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { ServerInspector } from '../model/inspector.ts'
import type { LookAside } from '../model/look-aside.ts'
import type { MasterKeyKeeper } from '../model/master-key.ts'
import type { HostedTarget, SandboxState } from '../model/server.ts'
import type { Storage } from '../model/stores.ts'
import type { SystemState } from '../model/system.ts'
import type { CallTool } from '../model/tool-caller.ts'
import type { OAuthClient } from '../oauth-client/oauth-client.ts'
import type { ApiReader } from '../openapi/api-reader.ts'
import type { Follower } from '../stats/follower.ts'
import type { Vault } from '../vault/vault.ts'
import type { AuditFeeds } from './audit-feed.ts'
import type { AuditRowAnswer } from './audit-row-answer.ts'

/** The neighbours this room works with. */
export interface Manage {
  storage: Storage
  vault: Vault
  masterKey: MasterKeyKeeper
  recorder: Recorder
  feeds: AuditFeeds<AuditRowAnswer>
  /** Counts what is logged. */
  follower: Pick<Follower, 'catchUp'>
  /** The servers that anybody can add, read when first asked for. */
  catalog(): Promise<Catalog>
  /** All catalogs, also what their rules deny. */
  catalogs: CatalogShelf
  lookAside: LookAside
  inspector: ServerInspector
  /** Logs in to servers. */
  oauthClient: OAuthClient
  /** The JSON at an address where a program tells of itself. Rejects with GatewayError. */
  fetchClientDocument(url: string): Promise<unknown>
  /** Calls a tool on the way that agents' calls go. */
  callTool: CallTool
  system(): SystemState
  clock: Clock
  random: Random
  newId(): string
  /** Throws GatewayError `invalid_request` when the address may not be an upstream. */
  guardUrl(url: string): Promise<void>
  /** Where clients reach us, such as `https://gateway.example.com`. */
  publicOrigin(): string
  /** Whether this installation runs servers of its own. */
  hostingAllowed: boolean
  /** What keeps such a server apart; undefined where none are run. */
  sandboxOf(target: HostedTarget): SandboxState | undefined
  /** Reads the OpenAPI document of an API. */
  readApi: ApiReader
}
