import type { ServerResponse } from 'node:http'
import type { WorkspaceDoorContext } from '../workspace-door/context.ts'
import type { LegacySessions } from './legacy-sessions.ts'
import type { OpenStreams } from './open-streams.ts'

/** What the MCP door works with beside what every door does. */
export interface McpDoorContext extends WorkspaceDoorContext {
  sessions: LegacySessions
  streams: OpenStreams
  /** Runs `end` when the process is asked to stop while the response is still open. */
  onShutdown(response: ServerResponse, end: () => void): void
}
