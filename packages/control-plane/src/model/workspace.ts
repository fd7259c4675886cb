export interface Workspace {
  id: string
  /** Part of the URL: 1 to 40 of `[a-z0-9-]`, neither first nor last a hyphen. */
  slug: string
  name: string
  createdAt: number
  /** What is special about its log; absent where nothing was ever said. */
  audit?: AuditSettings
}

export interface AuditSettings {
  /** Whether arguments and results of tool calls are kept. */
  capture: boolean
  /** How long rows are kept; absent: as long as the installation says. */
  retentionDays?: number
}

export const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/
