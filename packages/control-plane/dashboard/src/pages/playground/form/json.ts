export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that the object has itself, where it is of the right kind. */
export function own<T>(object: JsonObject, key: string, is: (value: unknown) => value is T): T | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined
  return is(value) ? value : undefined
}

/** Whether two values are the same JSON, in whatever order their members stand. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right) || (left === 0 && right === 0)) return true
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((value, index) => sameJson(value, right[index]))
  if (!isObject(left) || !isObject(right)) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]))
  )
}

export type Parsed = { ok: true; value: unknown } | { ok: false; mistake: string }

/** Reads what somebody typed as JSON. */
export function parseJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    return { ok: false, mistake: `Not JSON: ${error instanceof Error ? error.message : 'it does not parse'}` }
  }
}
