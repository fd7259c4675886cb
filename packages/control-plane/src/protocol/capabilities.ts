import { z } from 'zod'

/** What a client offers to servers, reduced to what changes how a server may use it. */
export interface ClientCapabilities {
  sampling?: Record<string, unknown>
  elicitation?: Record<string, unknown>
  roots?: Record<string, unknown>
}

const flags = z.record(z.string(), z.unknown())
const offered = z.object({
  sampling: flags.optional(),
  elicitation: flags.optional(),
  roots: flags.optional(),
})

/** Reads capabilities as a client declared them; unreadable ones count as not declared. */
export function readCapabilities(value: unknown): ClientCapabilities {
  const read = offered.safeParse(value ?? {})
  if (!read.success) return {}
  const { sampling, elicitation, roots } = read.data
  return {
    ...(sampling && { sampling: onlyFlags(sampling, ['context', 'tools']) }),
    ...(elicitation && { elicitation: onlyFlags(elicitation, ['form', 'url']) }),
    // Changes of one client's roots are not told to a session that several clients share.
    ...(roots && { roots: {} }),
  }
}

/** Each set of flags gets sessions, or processes, of its own: a client must not be able to invent any number of them. */
function onlyFlags(offered: Record<string, unknown>, known: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(known.filter((flag) => Object.hasOwn(offered, flag)).map((flag) => [flag, {}]))
}

/** The same key for the same capabilities: legacy upstream sessions are shared only between equals. */
export function capabilityKey(capabilities: ClientCapabilities): string {
  const { sampling, elicitation, roots } = capabilities
  const parts = [
    sampling && `sampling(${Object.keys(sampling).sort().join()})`,
    elicitation && `elicitation(${Object.keys(elicitation).sort().join()})`,
    roots && 'roots',
  ]
  return parts.filter(Boolean).join(' ')
}
