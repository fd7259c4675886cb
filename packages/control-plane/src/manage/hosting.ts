import { GatewayError } from '../model/error.ts'
import type { Manage } from './context.ts'

/** Throws `unsupported` where the operator has turned hosting off. */
export function requireHosting({ hostingAllowed }: Manage): void {
  if (hostingAllowed) return
  throw new GatewayError('unsupported', 'This installation does not run servers of its own.', {
    fix: 'Start mcpgw-server with --hosting auto, or add the server by URL.',
  })
}
