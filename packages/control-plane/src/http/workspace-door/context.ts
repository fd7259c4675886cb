import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '../../gateway/caller.ts'
import type { GatewayContext } from '../../gateway/use-server.ts'
import type { Workspaces } from '../../gateway/workspaces.ts'
import type { GatewayError } from '../../model/error.ts'
import type { Limits } from '../../model/limits.ts'
import type { Principal } from '../../model/principal.ts'
import type { JsonLimits } from '../../protocol/json.ts'
import type { SlowReaders } from './slow-readers.ts'

/** What every door to a workspace works with. */
export interface WorkspaceDoorContext {
  workspaces: Workspaces
  gateway: GatewayContext
  authenticator: {
    authenticate(authorizationHeader: string | undefined): Principal | Promise<Principal>
    watch(principal: Principal, onEnd: () => void): () => void
  }
  /** Says what the caller is told after a refusal: too many bad tokens from one address are refused as such. */
  badTokens: { judge(thrown: unknown, request: IncomingMessage): unknown }
  /** Where clients reach us, unless it is wherever they ask. */
  publicUrl: string | undefined
  limits: Limits
  /** The same, for the JSON of a request. */
  requestLimits: JsonLimits
  /** Notes which clients connect; nobody waits for it. */
  clients: { note(caller: Pick<Caller, 'client' | 'era' | 'principal'>, workspaceId: string): void }
  readers: SlowReaders
  /** Hears of every error whose cause the caller is not told. */
  reportError(error: GatewayError): void
}

/** Revoking a token ends what it has open. */
export function endWithToken(
  { authenticator }: Pick<WorkspaceDoorContext, 'authenticator'>,
  principal: Principal,
  response: ServerResponse,
): void {
  const stop = authenticator.watch(principal, () => response.destroy())
  response.once('close', stop)
}
