import type { Principal } from './principal.ts'
import type { Server, ServerHealth } from './server.ts'

/** A tool as a caller sees it. */
export interface VisibleTool {
  /** The name to call it by. */
  name: string
  server: string
  /** The server's own name for it. */
  tool: string
  /** The definition as the server sent it, under its shown name. */
  definition: Record<string, unknown>
}

/** One tool of a server, for those who decide whether it is shown. */
export interface OfferedTool {
  /** The server's own name for it. */
  tool: string
  /** The name callers know it by, or would. */
  shownAs: string
  /** `off`: the server's selection leaves it out, or `needsTasks`; `held`: its definition waits for approval. */
  state: 'shown' | 'off' | 'held'
  /** It can only be called with tasks of revision 2025-11-25, which are not carried on. */
  needsTasks: boolean
  /** As the server sent it. */
  definition: Record<string, unknown>
}

/** What the running gateway knows of servers, for the people who manage them. */
export interface ServerInspector {
  /** The last known health, without touching the server. */
  health(server: Server): ServerHealth
  /** Connects, lists, and says what is wrong and how to mend it. */
  check(server: Server): Promise<ServerHealth>
  tools(principal: Principal, workspaceId: string): Promise<VisibleTool[]>
  /** Every tool that a server offers, shown or not; none while it is disabled or was never reached. */
  offeredTools(server: Server): Promise<OfferedTool[]>
}
