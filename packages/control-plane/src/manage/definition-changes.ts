import { canonicalJson } from '../protocol/canonical-json.ts'
import { isRawNumber } from '../protocol/json.ts'

/** One place where two definitions differ. Absent is what is not there on that side. */
export interface DefinitionChange {
  /** JSON pointer; empty for the whole. */
  path: string
  before?: unknown
  after?: unknown
}

/** What differs between two definitions, field by field, in the order of the keys. Lists are compared place by place. */
export function changesBetween(before: unknown, after: unknown): DefinitionChange[] {
  return [...compare(before, after, '')]
}

function* compare(before: unknown, after: unknown, path: string): Generator<DefinitionChange> {
  const [old, fresh] = [membersOf(before), membersOf(after)]
  if (old === undefined || fresh === undefined || Array.isArray(before) !== Array.isArray(after)) {
    if (canonicalJson(before) !== canonicalJson(after)) yield { path, before, after }
    return
  }
  for (const key of new Set([...old.keys(), ...fresh.keys()])) {
    const below = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!old.has(key)) yield { path: below, after: fresh.get(key) }
    else if (!fresh.has(key)) yield { path: below, before: old.get(key) }
    else yield* compare(old.get(key), fresh.get(key), below)
  }
}

function membersOf(value: unknown): Map<string, unknown> | undefined {
  // A number that is kept as it was written is an object, too.
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return undefined
  return new Map(Object.entries(value))
}
