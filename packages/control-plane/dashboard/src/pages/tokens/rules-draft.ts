import type { Rules, Selection } from '../../api/shapes.ts'

export type ServerChoice = 'all' | 'only' | 'except'

/** Rules as they are typed. */
export interface RulesDraft {
  servers: ServerChoice
  /** Chosen from the list. */
  named: readonly string[]
  /** Typed beside the list. */
  patterns: string
  allow: string
  deny: string
  readOnly: boolean
}

export const NO_RULES: RulesDraft = {
  servers: 'all',
  named: [],
  patterns: '',
  allow: '',
  deny: '',
  readOnly: false,
}

/** The rules that were meant: what is empty says nothing, but "only these" without any means none. */
export function rulesOf({ servers, named, patterns, allow, deny, readOnly }: RulesDraft): Rules {
  const chosen = [...new Set([...named, ...patternsIn(patterns)])]
  const tools = selectionOf(patternsIn(allow), patternsIn(deny))
  return {
    ...(servers === 'only' && { servers: { allow: chosen } }),
    ...(servers === 'except' && chosen.length > 0 && { servers: { deny: chosen } }),
    ...(tools !== undefined && { tools }),
    ...(readOnly && { readOnlyTools: true }),
  }
}

function selectionOf(allow: string[], deny: string[]): Selection | undefined {
  if (allow.length === 0 && deny.length === 0) return undefined
  return { ...(allow.length > 0 && { allow }), ...(deny.length > 0 && { deny }) }
}

/** Separated by commas or lines: names of tools have neither. */
export function patternsIn(text: string): string[] {
  const patterns = text.split(/[,\n]/).map((pattern) => pattern.trim())
  return [...new Set(patterns)].filter((pattern) => pattern !== '')
}
