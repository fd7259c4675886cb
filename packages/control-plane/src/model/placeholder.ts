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
    target.kind === 'remote' ? Object.values(target.headers) : [...target.args, ...Object.values(target.env)]
  return [...new Set(texts.flatMap(placeholdersIn))]
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
