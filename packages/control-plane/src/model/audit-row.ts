import type { Role } from './role.ts'
import type { Era } from './server.ts'

export const OUTCOMES = [
  'ok',
  'tool_error',
  'protocol_error',
  'denied',
  'timeout',
  'cancelled',
  'unreachable',
] as const

export type Outcome = (typeof OUTCOMES)[number]

/** One attempt, as the log records it: a call of an agent (`kind: "call"`) or an action of a person. */
export interface AuditEntry {
  kind: 'call' | 'management'
  /** Unix milliseconds at which the attempt began. */
  time: number
  workspaceId: string
  tokenId: string
  member: string
  role: Role
  /** Name and version the client gave itself, or absent. */
  client?: string
  era?: Era
  /** The MCP method, or the management action such as `credential.put`. */
  method: string
  /** The server's name, or absent where no server was found. */
  server?: string
  /** The server's own name of the tool, prompt or resource, or the thing a person acted on. */
  tool?: string
  /** The name the caller used. */
  shownAs?: string
  outcome: Outcome
  reason?: string
  latencyMs: number
  upstreamMs?: number
  bytesIn: number
  bytesOut: number
  requestId: string
  traceId?: string
  /** SHA-256 over what is kept of the call's content, base64url; absent where nothing is kept. */
  contentDigest?: string
  /** What goes into the log beside the row, in the same commit. */
  content?: CallContent
}

/** A text that may have been too long to be kept whole. */
export interface KeptText {
  text: string
  cut: boolean
}

/** What a call said and was told, redacted; JSON unless it was cut. */
export interface CallContent {
  arguments: KeptText
  result: KeptText
}

/** An entry in its place in the workspace's chain. */
export interface AuditRow extends Omit<AuditEntry, 'content'> {
  /** 1, 2, 3, … per workspace, without gaps. */
  seq: number
  /** SHA-256 over the previous row's hash and this row's content, base64url. */
  hash: string
}

/** Where a workspace's chain ends. An empty chain: seq 0 and an empty hash. */
export interface AuditHead {
  seq: number
  hash: string
}
