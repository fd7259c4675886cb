export type Json = Record<string, unknown>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of its own: documents name things as they like, also `constructor`. */
export function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

export function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The members of an object whose values are objects. */
export function objectsIn(value: unknown): [string, Json][] {
  if (!isObject(value)) return []
  return Object.entries(value).filter((entry): entry is [string, Json] => isObject(entry[1]))
}
