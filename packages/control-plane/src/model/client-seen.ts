import type { Era } from './server.ts'

/** A client that connected: a program, by the name and version it gave itself, with one token. */
export interface ClientSeen {
  workspaceId: string
  tokenId: string
  /** As the log has it, such as `claude-code/2.1.0`. */
  client: string
  era: Era
  firstSeenAt: number
  lastSeenAt: number
}

/** How many of them are remembered of one token; it makes up their names itself. */
export const MAX_CLIENTS_PER_TOKEN = 20
