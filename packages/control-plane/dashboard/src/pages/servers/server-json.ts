/**
 * What a text holds if it is a server's own description, as the official registry has it: alone, or as that registry
 * answers with it. Undefined for anything else.
 */
export function readServerJson(text: string): unknown {
  const parsed = parsedJson(text)
  const inner = isRecord(parsed) && isRecord(parsed.server) ? parsed.server : parsed
  return isRecord(inner) &&
    typeof inner.name === 'string' &&
    (isList(inner.packages) || isList(inner.remotes))
    ? inner
    : undefined
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isList = Array.isArray
