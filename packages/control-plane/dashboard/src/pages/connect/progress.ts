import type { LogRow, SeenClient } from '../../api/shapes.ts'

/** What has happened since the page was opened, as far as it has come. */
export interface Progress {
  connected?: { client: string; member: string }
  firstCall?: LogRow
}

/** Which clients had been seen, and when, before the page was opened. */
export type Baseline = ReadonlyMap<string, string>

export function baselineOf(clients: readonly SeenClient[]): Baseline {
  return new Map(clients.map((seen) => [keyOf(seen), seen.lastSeenAt]))
}

/** The client that connected last, of those that did since then. Compares the server's own times: no clock but its. */
export function connectedSince(baseline: Baseline, clients: readonly SeenClient[]): SeenClient | undefined {
  return clients
    .filter((seen) => isFromOutside(seen.client) && seen.lastSeenAt > (baseline.get(keyOf(seen)) ?? ''))
    .toSorted((a, b) => (a.lastSeenAt < b.lastSeenAt ? 1 : -1))[0]
}

/** A tool that an AI client called: not this dashboard's own playground. */
export function isClientCall({ kind, tool, client }: LogRow): boolean {
  return kind === 'call' && tool !== null && isFromOutside(client)
}

/** Whoever calls has connected, also when it was connected all along. */
export function withCall(progress: Progress, row: LogRow): Progress {
  if (progress.firstCall !== undefined || !isClientCall(row)) return progress
  const connected = progress.connected ?? { client: row.client ?? 'A client', member: row.member }
  return { connected, firstCall: row }
}

function keyOf({ tokenId, client }: SeenClient): string {
  return `${tokenId} ${client}`
}

function isFromOutside(client: string | null): boolean {
  return client === null || !client.startsWith('playground (')
}
