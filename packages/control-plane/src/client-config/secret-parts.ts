import { fillPlaceholders, placeholdersIn } from '../model/placeholder.ts'
import { looksLikeSecret } from '../model/secret-look.ts'
import type { CredentialDraft } from './credential-draft.ts'

/**
 * Names that may hold a secret. More than what is refused when somebody types a server: sealing too much costs nothing,
 * and nobody has looked at each of these values.
 */
const MAY_HOLD_SECRET =
  /(?:key|token|secret|pass(?:word|wd|phrase|code)?|pwd|(?<![a-z])pat|auth(?:orization|entication)?|credentials?|cookie|session|signature|dsn|conn(?:ection)?[-_]?str(?:ing)?|webhook(?:[-_]?url)?|(?:database|db|redis|mongo(?:db)?|postgres(?:ql)?)[-_]?ur[il]|headers?)(?:s|[-_]?(?:json|b64|base64|value))?$/i

/** What stands under such a name and is none. */
const NO_SECRET = /^(?:true|false|yes|no|on|off|none|null|auto|\d{1,6})?$/i

/** `Bearer abc`: the scheme stays to be read. */
const WITH_SCHEME = /^((?:bearer|basic|token|api-?key|key)\s+)(\S[\s\S]*)$/i

const WITH_PASSWORD = /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i

/** The same text with its secret sealed, if it has one. `name` is what it stands under. */
export function sealSecret(name: string, text: string, draft: CredentialDraft, wish = wishFor(name)): string {
  if (!isSecret(name, text)) return text
  const [, scheme = '', rest = text] = WITH_SCHEME.exec(text) ?? []
  // Words like "Bearer" in a value that is secret by its name alone.
  return placeholdersIn(text).length > 0 ? draft.ask(wish) : `${scheme}${draft.seal(wish, rest)}`
}

function wishFor(name: string): string {
  return /^(?:proxy-)?authorization$/i.test(name) ? 'TOKEN' : name
}

/** Whether a text holds a secret, by the name it stands under or by its own look. */
export function isSecret(name: string, text: string): boolean {
  const plain = fillPlaceholders(text, new Map(placeholdersIn(text).map((each) => [each, ''])))
  if (looksLikeSecret(name, text) || looksLikeSecret('', plain)) return true
  if (plain !== text) return holdsSecret(plain)
  return (MAY_HOLD_SECRET.test(name) && !NO_SECRET.test(text) && !looksLikePath(text)) || holdsSecret(text)
}

function holdsSecret(text: string): boolean {
  return (
    WITH_PASSWORD.test(text) || secretInUrl(text) !== undefined || holdsSecretField(text) || looksRandom(text)
  )
}

/** Where an address holds a secret. */
export function secretInUrl(text: string): 'login' | 'query' | 'path' | undefined {
  const url = /^\w[\w+.-]*:\/\//.test(text) ? URL.parse(text) : null
  if (url === null) return undefined
  if (url.username !== '' || url.password !== '') return 'login'
  for (const [name, value] of url.searchParams) if (isSecret(name, value)) return 'query'
  return url.pathname.split('/').some((part) => looksLikeSecret('', part) || looksRandom(part))
    ? 'path'
    : undefined
}

/** JSON in a variable, such as headers that a server sends. */
function holdsSecretField(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    let found = false
    JSON.parse(text, (key, value) => {
      if (typeof value === 'string' && isSecret(key, value)) found = true
      return value
    })
    return found
  } catch {
    return false
  }
}

/** Letters and digits that nobody would have thought of: 16 or more in a row, and no path. */
function looksRandom(text: string): boolean {
  if (looksLikePath(text)) return false
  const runs = text.match(/[A-Za-z0-9]{16,}/g) ?? []
  return runs.some((run) => count(run, /\d/g) >= 2 && count(run, /[A-Za-z]/g) >= 2)
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

/** A file or folder by its way from the root, the home folder or the present one, or on a drive. */
export function looksLikePath(text: string): boolean {
  return /^(?:file:|(?:~|\.{1,2})?[\\/]|[A-Za-z]:[\\/]|~$|\.$)/.test(text)
}
