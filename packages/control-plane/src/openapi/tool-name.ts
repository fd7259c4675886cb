import { createHash } from 'node:crypto'

const MAX_LENGTH = 64
const HASH_LENGTH = 8

export interface NamedOperation {
  operationId: string | undefined
  method: string
  path: string
}

/**
 * The names of all tools that a document gives, in its order: 1 to 64 of `[A-Za-z0-9_-]`, each different. Which of the
 * operations are chosen does not change them.
 */
export function toolNames(operations: readonly NamedOperation[]): string[] {
  const taken = new Set<string>()
  return operations.map((operation) => {
    const wanted = wantedName(operation)
    const name = wanted.length > MAX_LENGTH || taken.has(wanted) ? withHash(wanted, operation) : wanted
    taken.add(name)
    return name
  })
}

function wantedName({ operationId, method, path }: NamedOperation): string {
  const given = cleaned(operationId ?? '')
  if (given !== '') return given
  const parts = path.replaceAll(/\{([^{}]*)\}/g, 'by_$1')
  return cleaned(`${method.toLowerCase()}_${cleaned(parts)}`)
}

function cleaned(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '')
}

/** Method and path are what tells operations apart: no two have both alike. */
function withHash(name: string, { method, path }: NamedOperation): string {
  const hash = createHash('sha256').update(`${method} ${path}`).digest('hex').slice(0, HASH_LENGTH)
  return `${name.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`
}
