import type { Recorder } from './audit/recorder.ts'
import type { AuditEntry } from './model/audit-row.ts'
import type { Clock } from './model/clock.ts'
import { asGatewayError, type GatewayError } from './model/error.ts'
import type { Server } from './model/server.ts'

interface RenewalLog {
  recorder: Recorder
  clock: Clock
  newId(): string
  reportError(error: GatewayError): void
}

/** A row in the log of the workspace for each time that renewing a login begins to fail: nobody asked for it. */
export function logRenewals({
  recorder,
  clock,
  newId,
  reportError,
}: RenewalLog): (server: Server, error: GatewayError) => void {
  return (server, { code }) => {
    const row: AuditEntry = {
      kind: 'management',
      time: clock.now(),
      workspaceId: server.workspaceId,
      tokenId: 'mcpgw',
      member: 'mcpgw',
      role: 'readonly',
      method: 'server.login.renew',
      server: server.name,
      tool: server.name,
      outcome: code === 'upstream_timeout' ? 'timeout' : 'denied',
      reason: code,
      latencyMs: 0,
      bytesIn: 0,
      bytesOut: 0,
      requestId: newId(),
    }
    recorder.record(row).catch((error: unknown) => reportError(asGatewayError(error)))
  }
}
