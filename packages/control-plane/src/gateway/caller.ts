import type { Policy } from '../access/policy.ts'
import type { Principal } from '../model/principal.ts'
import type { Era } from '../model/server.ts'
import type { RpcNotification, RpcResponse } from '../protocol/message.ts'
import type { Bytes } from '../protocol/reply-bytes.ts'
import type { PeerProfile } from '../upstream/peer.ts'

/** Who makes a request, and what their client is able to do. */
export interface Caller {
  principal: Principal
  policy: Policy
  era: Era
  /** Name and version the client gave itself. */
  client: string | undefined
  clientInfo: unknown
  /** As the client declared them. */
  capabilities: Record<string, unknown>
  profile: PeerProfile
  /**
   * Tells calls apart that one client makes at once and cannot be asked in one place about: a server's question that
   * could be meant for either is then asked of neither.
   */
  call?: string
  /** The least severe log level the client wants to hear. */
  logLevel: string | undefined
}

/** The way back to the client while its request runs. */
export interface Link {
  notify(message: RpcNotification): void
  /** Asks a legacy client something. Rejects when it cannot be asked, or the question is taken back. */
  ask(
    method: string,
    params: unknown,
    withdrawn?: AbortSignal,
  ): Promise<Pick<RpcResponse, 'result' | 'error'>>
  /** Calls back once when the client gives the request up. */
  onCancel(listener: (reason: string) => void): void
}

/** A complete JSON-RPC response. */
export interface Answer {
  bytes: Bytes
  /** The error's code, where the response is an error. */
  errorCode?: number
  /** Where a limit of ours was met. */
  refused?: { status: 429 | 503; retryAfterSeconds: number }
}

/** Severities of RFC 5424 as MCP writes them, least severe first. */
export const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Whether the client wants a log message of this level. A modern client that named no level wants none. */
export function wantsLog({ era, logLevel }: Caller, level: unknown): boolean {
  if (logLevel === undefined) return era === 'legacy'
  return LEVELS.indexOf(String(level)) >= LEVELS.indexOf(logLevel)
}
