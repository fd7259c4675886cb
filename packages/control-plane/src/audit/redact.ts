import type { Scrubber } from '../model/credential.ts'
import { NO_LIMITS, parseJson } from '../protocol/json.ts'
import { closeJson } from './json-start.ts'

export const REDACTED = '[redacted]'

/** Of longer JSON only so much is looked at: beyond what is kept of a call, and cheap enough to search. */
export const MAX_SEARCHED = 130 * 1024
/** More than any form of a credential's value (16 KiB, three times that percent-encoded). */
const LONGEST_SECRET = 64 * 1024

/** Names that say their value is a secret, wherever in the name they stand: `dbPassword`, `X-Api-Key`. */
const SECRET_WORDS =
  'passw(?:or)?d|passphrase|passcode|passwd|pwd|secret|token|authori[sz]ation|api[-_ .]?key|access[-_ .]?key|private[-_ .]?key|signing[-_ .]?key|encryption[-_ .]?key|cookie|credential|bearer|session[-_ .]?id|client[-_ .]?assertion'
const SECRET_NAME = new RegExp(SECRET_WORDS, 'i')
/** `max_tokens: 100` counts words and hides nothing. */
const COUNTED = /tokens$|count$|length$/i

/** `password=…`, `"token": "…"` (also escaped, as in JSON within a text) and `Authorization: …`. */
const NAMED_VALUE = new RegExp(
  `((?:${SECRET_WORDS})[\\w-]{0,40}\\\\{0,3}["']?\\s{0,4}[:=]\\s{0,4}\\\\{0,3}["']?)([^\\s"'\\\\,;&<>{}[\\]]{3,})`,
  'gi',
)
/** A header has its value up to the end of the line, blanks and all. */
const HEADER = /((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,4}:\s{0,4})([^\r\n"'\\]{3,})/gi

/** Secrets that can be told by their looks, and never hold a quote. */
const SHAPES: readonly RegExp[] = [
  /mcpgw_[0-9A-Za-z]{20,}/g,
  /gh[oprsu]_[0-9A-Za-z]{20,}/g,
  /github_pat_\w{20,}/g,
  /glpat-[\w-]{16,}/g,
  /\b[prs]k_(?:live|test)_\w{8,}/g,
  /\bsk-[\w-]{12,}/g,
  /\bxox[a-z]-[\w-]{8,}/g,
  /\bxapp-[\w-]{8,}/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /\bnpm_[0-9A-Za-z]{30,}/g,
]
/** Also takes what has no dot, and is no JWT: to look for one again at each hyphen in it would take minutes. */
const JWT = /\beyJ[\w-]{6,}(?:\.[\w-]{6,}(?:\.[\w-]*)?)?/g
const SCHEME = /\b(bearer|basic)(\s{1,4})[\w+/.~=-]{16,}/gi
const URL_PASSWORD = /(:\/\/[^\s/:@"']{0,256}:)[^\s/@"']{1,512}@/g
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g

export interface Redaction {
  /** JSON, unless it was cut. */
  text: string
  cut: boolean
}

/**
 * JSON without the secrets in it: those the scrubbers know, those under names of secrets, and those that look like
 * one. `cut`: the end of it is missing already.
 */
export function redact(json: string, scrubbers: readonly Scrubber[], cut = false): Redaction {
  const isCut = cut || json.length > MAX_SEARCHED
  // First of all, so that no look-alike takes a part of a credential and leaves the rest.
  const scrubbed = scrubJson(isCut ? closeJson(json.slice(0, MAX_SEARCHED)) : json, scrubbers)
  const text = tokensTaken(JSON.stringify(parseJson(Buffer.from(scrubbed), NO_LIMITS), withoutSecret))
  return { text: isCut ? withoutEnd(text) : text, cut: isCut }
}

function withoutSecret(name: string, member: unknown): unknown {
  if (isSecret(name, member)) return REDACTED
  return typeof member === 'string' ? withoutShapes(member) : member
}

/** The texts that stand under names of secrets: where they come up again they are secrets too. */
export function* secretsNamedIn(value: unknown, isNamed = false): Generator<string> {
  if (typeof value === 'string' && isNamed) yield value
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    const named = isNamed || isSecret(name, member)
    if (named || typeof member === 'object') yield* secretsNamedIn(member, named)
  }
}

function isSecret(name: string, member: unknown): boolean {
  return SECRET_NAME.test(name) && !isHarmless(name, member)
}

function isHarmless(name: string, member: unknown): boolean {
  if (member === null || member === undefined || typeof member === 'boolean' || member === '') return true
  return typeof member === 'number' && COUNTED.test(name)
}

function scrubJson(json: string, scrubbers: readonly Scrubber[]): string {
  // As bytes a scrubber knows JSON for what it is and leaves it so.
  return scrubbers.reduce<Buffer>((bytes, scrubber) => scrubber.bytes(bytes), Buffer.from(json)).toString()
}

/** The cut may go through the middle of a secret, which then is not recognised. */
function withoutEnd(text: string): string {
  return text.slice(0, Math.max(0, text.length - LONGEST_SECRET))
}

/** What looks like a secret in a text. */
function withoutShapes(text: string): string {
  const named = text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(HEADER, `$1$2${REDACTED}`)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(NAMED_VALUE, `$1${REDACTED}`)
  return tokensTaken(named)
}

function tokensTaken(text: string): string {
  const unsigned = text
    .replace(SCHEME, `$1$2${REDACTED}`)
    .replace(JWT, (found) => (found.includes('.') ? REDACTED : found))
  return SHAPES.reduce((rest, shape) => rest.replace(shape, REDACTED), unsigned)
}
