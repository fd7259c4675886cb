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

/** What the running gateway knows of servers, for the people who manage them. */
export interface ServerInspector {
  /** The last known health, without touching the server. */
  health(server: Server): ServerHealth
  /** Connects, lists, and says what is wrong and how to mend it. */
  check(server: Server): Promise<ServerHealth>
  tools(principal: Principal, workspaceId: string): Promise<VisibleTool[]>
}
