/** The revisions of MCP we speak, by era. Sources: the specification's versioning pages of each revision. */
export const MODERN_REVISION = '2026-07-28'

export const LEGACY_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

export const LATEST_LEGACY_REVISION = LEGACY_REVISIONS[0]

/** The only revision whose clients may send several messages in one body. */
export const BATCH_REVISION = '2025-03-26'

export function isLegacyRevision(revision: string): boolean {
  return (LEGACY_REVISIONS as readonly string[]).includes(revision)
}

/**
 * What `initialize` answers: the client's revision when we speak it, else our newest legacy one. Never a modern
 * revision, whatever is asked: clients that read one there go on to mix both eras.
 */
export function negotiateLegacyRevision(asked: unknown): string {
  return typeof asked === 'string' && isLegacyRevision(asked) ? asked : LATEST_LEGACY_REVISION
}
