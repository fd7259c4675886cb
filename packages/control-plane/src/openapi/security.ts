import { type Json, listOf, member, objectsIn, textOr } from './json.ts'
import { type Placement, valueNames } from './plan.ts'
import type { References } from './references.ts'

/** A value that the credential of the server may need, for people who set it. */
export interface CredentialName {
  name: string
  /** The security scheme it is for, by its name in the document. */
  scheme: string
  type: 'apiKey' | 'bearer' | 'basic' | 'oauth2' | 'openIdConnect'
  description?: string
}

export interface Security {
  names: CredentialName[]
  /**
   * The ways in which an operation lets callers prove who they are, in the document's order; none where it is open.
   * Undefined when each of them takes something that is not supported.
   */
  of(operation: Json): Placement[][] | undefined
}

interface Scheme {
  placement: Placement
  names: CredentialName[]
}

/** Reads the document's security schemes and names the values that they take. */
export function readSecurity(document: Json, references: References): Security {
  const schemes = new Map<string, Scheme>()
  const declared = objectsIn(member(document.components, 'securitySchemes')).flatMap(([name, given]) => {
    const read = readScheme(name, given, references)
    return read === undefined ? [] : [read]
  })
  for (const one of declared) {
    const isAlone = declared.every((other) => other === one || other.base !== one.base)
    schemes.set(one.scheme, named(one, isAlone))
  }

  function placementsOf(requirement: unknown): Placement[] | undefined {
    const names = objectKeys(requirement)
    const placements = names.flatMap((name) => schemes.get(name)?.placement ?? [])
    return placements.length === names.length ? placements : undefined
  }

  return {
    names: [...schemes.values()].flatMap(({ names }) => names),
    of(operation) {
      const requirements = listOf(operation.security ?? document.security)
      const ways = requirements.map(placementsOf).filter((way) => way !== undefined)
      if (requirements.length > 0 && ways.length === 0) return undefined
      // With a credential at hand nobody wants to be anonymous.
      return ways.toSorted((one, other) => Number(one.length === 0) - Number(other.length === 0))
    },
  }
}

function objectKeys(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

interface DeclaredScheme {
  scheme: string
  type: CredentialName['type']
  /** What its value is called where no other scheme has one alike. */
  base: 'API_KEY' | 'BEARER_TOKEN' | 'ACCESS_TOKEN' | 'PASSWORD'
  description: string
  place: { in: 'header' | 'query' | 'cookie'; name: string } | undefined
}

const HEADER_OR_COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/

function readScheme(scheme: string, given: Json, references: References): DeclaredScheme | undefined {
  const found = resolvedOrNot(given, references)
  const shared = { scheme, description: textOr(member(found, 'description'), ''), place: undefined }
  const kind = textOr(member(found, 'scheme'), '').toLowerCase()
  const type = member(found, 'type')
  if (type === 'http' && kind === 'bearer') return { ...shared, type: 'bearer', base: 'BEARER_TOKEN' }
  if (type === 'http' && kind === 'basic') return { ...shared, type: 'basic', base: 'PASSWORD' }
  if (type === 'oauth2' || type === 'openIdConnect') return { ...shared, type, base: 'ACCESS_TOKEN' }
  const where = member(found, 'in')
  const name = textOr(member(found, 'name'), '')
  if (type !== 'apiKey' || (where !== 'header' && where !== 'query' && where !== 'cookie')) return undefined
  if (where === 'query' ? name === '' : !HEADER_OR_COOKIE_NAME.test(name)) return undefined
  return { ...shared, type: 'apiKey', base: 'API_KEY', place: { in: where, name } }
}

function resolvedOrNot(given: Json, references: References): unknown {
  try {
    return references.resolve(given)
  } catch {
    return undefined
  }
}

function named({ scheme, type, base, description, place }: DeclaredScheme, isAlone: boolean): Scheme {
  const prefix = isAlone ? '' : prefixFor(scheme, base)
  const value = `${prefix}${base}`
  const placement: Placement =
    place !== undefined
      ? { kind: 'apiKey', ...place, value }
      : type === 'basic'
        ? { kind: 'basic', username: `${prefix}USERNAME`, password: value }
        : { kind: 'bearer', value }
  const about = { scheme, type, ...(description !== '' && { description: description.slice(0, 500) }) }
  return { placement, names: valueNames([placement]).map((name) => ({ name, ...about })) }
}

/** `github` of `GITHUB_API_KEY`. */
function prefixFor(scheme: string, base: string): string {
  const plain = scheme
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 40)
  const own = plain === base ? '' : plain
  return own === '' ? '' : `${/^\d/.test(own) ? '_' : ''}${own}_`
}
