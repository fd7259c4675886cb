import type { SandboxState } from './server.ts'

export interface DatabaseDescription {
  kind: 'sqlite' | 'postgres'
  version: string
  /** Absent where the database does not tell. */
  sizeBytes?: number
}

/** How the process is doing, and how it was started, as far as it may be shown. */
export interface SystemState {
  version: string
  startedAt: number
  node: string
  /** Undefined where no servers are run. */
  sandbox: Pick<SandboxState, 'kind' | 'reason'> | undefined
  /** How long others had to wait for the one thread, over the last minute. */
  eventLoopMs: { p50: number; p99: number }
  memoryBytes: number
  log: {
    /** Where checkpoints go: a file, or the origin of a URL, whose path may be a secret. */
    checkpoints: string | undefined
    retentionDays: number | undefined
  }
}
