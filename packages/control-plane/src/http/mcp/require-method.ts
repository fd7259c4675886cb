import { mayAsk } from '../../access/mcp-methods.ts'
import type { WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import type { Principal } from '../../model/principal.ts'
import type { Era } from '../../model/server.ts'
import { RPC, RpcError } from '../../protocol/rpc-error.ts'

/** Throws for what this principal may not ask in the same words as for what nobody can. */
export function requireMethod(
  era: Era,
  { principal, runtime }: { principal: Principal; runtime: WorkspaceRuntime },
  method: string,
): void {
  if (mayAsk(principal, runtime.workspace.id, era, method)) return
  throw new RpcError(RPC.methodNotFound, `Unknown method: ${method}`)
}
