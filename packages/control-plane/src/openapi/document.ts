import { parseDocument } from 'yaml'
import { GatewayError } from '../model/error.ts'
import { isObject, type Json, member } from './json.ts'

/** Schemas in documents are nested deeper than arguments; 4 MiB of an ordinary document have under 200,000 values. */
const MAX_DEPTH = 200
const MAX_VALUES = 500_000
/** Documents written by hand use a few dozen. */
const MAX_ALIASES = 100

/** Reads a document, JSON or YAML. Throws `invalid_request` or `too_large`; never quotes what it read. */
export function readDocument(text: string): Json {
  const document = text.trimStart().startsWith('{') ? readJson(text) : readYaml(text)
  requireTree(document)
  if (!isObject(document)) throw invalid('The document is not an object.', LOOKS_LIKE)
  requireVersion(document)
  return document
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('The document is not JSON.', 'Look for a missing comma or bracket, or export it again.')
  }
}

function readYaml(text: string): unknown {
  const parsed = parseDocument(text, { prettyErrors: true, merge: false, logLevel: 'silent' })
  const [first] = parsed.errors
  if (first !== undefined) {
    const place = first.linePos?.[0]
    const where = place === undefined ? '' : `: see line ${place.line}, column ${place.col}`
    throw invalid(`The document is neither JSON nor YAML${where}.`, LOOKS_LIKE)
  }
  try {
    return parsed.toJS({ maxAliasCount: MAX_ALIASES })
  } catch {
    throw new GatewayError('too_large', `The document uses more than ${MAX_ALIASES} aliases.`, {
      fix: 'Write them out, or give the document as JSON.',
    })
  }
}

/** YAML's aliases can make a small text a huge tree, or one that holds itself. */
function requireTree(root: unknown): void {
  let values = 0
  const visit = (value: unknown, depth: number): void => {
    if (++values > MAX_VALUES) throw tooLarge(`has more than ${MAX_VALUES} values`)
    if (typeof value !== 'object' || value === null) return
    if (depth > MAX_DEPTH) throw tooLarge(`is nested more than ${MAX_DEPTH} levels deep`)
    for (const each of Object.values(value)) visit(each, depth + 1)
  }
  visit(root, 0)
}

function requireVersion(document: Json): void {
  if (document.swagger !== undefined) {
    throw invalid('The document is Swagger 2.0.', 'Convert it to OpenAPI 3 first; most editors can.')
  }
  if (!/^3\.\d/.test(String(document.openapi ?? ''))) throw invalid('"openapi" must be 3.x.', LOOKS_LIKE)
  if (!isObject(document.paths)) throw invalid('The document has no "paths".', LOOKS_LIKE)
}

/** The addresses the document gives, with the defaults of their variables; absolute ones only. */
export function serverUrls(document: Json): string[] {
  const servers = Array.isArray(document.servers) ? document.servers : []
  return servers.flatMap((server) => {
    const url = member(server, 'url')
    const variables = member(server, 'variables')
    if (typeof url !== 'string') return []
    const filled = url.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
      const value = member(member(variables, name), 'default')
      return typeof value === 'string' ? value : whole
    })
    return /^https?:\/\//i.test(filled) && URL.canParse(filled) && !filled.includes('{') ? [filled] : []
  })
}

const LOOKS_LIKE = 'Give an OpenAPI 3 document: it begins with "openapi" and has "info" and "paths".'

function invalid(message: string, fix: string): GatewayError {
  return new GatewayError('invalid_request', message, { fix })
}

function tooLarge(what: string): GatewayError {
  return new GatewayError('too_large', `The document ${what}.`, {
    fix: 'Cut it to the part of the API that you need.',
  })
}
