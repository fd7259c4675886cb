import type { Server } from './server.ts'

/**
 * Starts or connects to a server beside those at work, with the credential of one that is stored, lists its tools and
 * ends it again. Nobody else sees it. Rejects with GatewayError, which says what is wrong, when it does not list any.
 */
export type LookAside = (
  candidate: Server,
  credentialOf: Server,
  signal?: AbortSignal,
) => Promise<{ name: string; [member: string]: unknown }[]>
