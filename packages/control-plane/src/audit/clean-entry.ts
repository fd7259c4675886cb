import type { AuditEntry } from '../model/audit-row.ts'

const MAX_TEXT_LENGTH = 1000

// Control characters and those that reorder text: they break log lines, terminals and, as NUL, a database.
const UNSAFE = /[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u
const ALL_UNSAFE = new RegExp(UNSAFE, 'gu')

const TEXTS = [
  'tokenId',
  'member',
  'client',
  'method',
  'server',
  'tool',
  'shownAs',
  'reason',
  'requestId',
  'traceId',
] as const satisfies readonly (keyof AuditEntry)[]

/**
 * An entry that any store keeps exactly as it is: its texts come from callers and servers. They are cut to 1,000
 * characters, and what could disturb a reader becomes U+FFFD. Durations are kept to the microsecond.
 */
export function cleanEntry(entry: AuditEntry): AuditEntry {
  const clean: AuditEntry = { ...entry, latencyMs: rounded(entry.latencyMs) }
  for (const field of TEXTS) {
    const text = entry[field]
    if (text !== undefined && !isClean(text)) clean[field] = cleanText(text)
  }
  if (entry.upstreamMs !== undefined) clean.upstreamMs = rounded(entry.upstreamMs)
  return clean
}

function isClean(text: string): boolean {
  return text.length <= MAX_TEXT_LENGTH && !UNSAFE.test(text)
}

function cleanText(text: string): string {
  const short = text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 1)}…`
  return short.replace(ALL_UNSAFE, '\ufffd')
}

function rounded(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds * 1000) / 1000)
}
