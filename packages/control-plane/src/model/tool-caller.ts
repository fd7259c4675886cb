import type { AuditEntry } from './audit-row.ts'
import type { Principal } from './principal.ts'

/** One call of a tool that a person makes by hand. */
export interface ToolCall {
  workspaceId: string
  /** By whose rules, and in whose name, it is made. */
  as: Principal
  /** Who makes it. */
  by: Principal
  /** As the workspace shows it. */
  name: string
  arguments: Record<string, unknown>
  /** Answers to what an earlier round asked, by its keys. */
  inputResponses?: Record<string, unknown>
  requestState?: string
  signal?: AbortSignal
}

/** Why a call has no result. */
export interface ToolCallError {
  /** One of `ErrorCode`; `protocol_error` for what a server itself refused. */
  code: string
  message: string
  fix?: string
  /** The server's own, where it refused. */
  rpcCode?: number
  data?: unknown
}

/** One of `result`, `error` and `inputRequired` is there. Numbers are as the server wrote them. */
export interface ToolCallAnswer {
  /** As it stands in the log. */
  row: AuditEntry
  result?: Record<string, unknown>
  error?: ToolCallError
  inputRequired?: Record<string, unknown>
}

/** Calls tools the way agents do. Rejects only where there is no workspace, or no row can be written. */
export type CallTool = (call: ToolCall) => Promise<ToolCallAnswer>
