import { GatewayError } from './error.ts'
import type { Server } from './server.ts'

const PLACEHOLDER = /\{\{([A-Za-z_][A-Za-z0-9_]{0,63})\}\}/g

/** The names a text asks for as `{{NAME}}`, each once. */
export function placeholdersIn(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(PLACEHOLDER), (match) => match[1] as string))]
}

/** The names a server's headers, arguments and environment ask its credential for, each once. */
export function namesNeeded(target: Server['target']): string[] {
  const texts =
    target.kind === 'hosted' ? [...target.args, ...Object.values(target.env)] : Object.values(target.headers)
  return [...new Set(texts.flatMap(placeholdersIn))]
}

/**
 * The names without which a server cannot be used. Of several sets of values that would do for an API, the first one
 * counts when none is complete.
 */
export function missingValues(target: Server['target'], names: readonly string[]): string[] {
  const sets = target.kind === 'openapi' ? target.credentials : []
  const isComplete = sets.some((set) => set.every((name) => names.includes(name)))
  const needed = [...namesNeeded(target), ...(isComplete ? [] : (sets[0] ?? []))]
  return [...new Set(needed)].filter((name) => !names.includes(name))
}

/**
 * Replaces each `{{NAME}}` by the value of that name; nothing else is ever expanded, and values are not looked at again.
 * Throws `needs_credential` for a name without a value.
 */
export function fillPlaceholders(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = values.get(name)
    if (value !== undefined) return value
    throw new GatewayError('needs_credential', `The credential has no value named ${name}.`, {
      fix: `Set ${name} in this server's credential.`,
    })
  })
}
