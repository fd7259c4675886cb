import type { ArgumentNames } from './argument-names.ts'
import { isObject, type Json, listOf, member, textOr } from './json.ts'
import { LeftOut } from './left-out.ts'
import type { ApiParameter, Placement } from './plan.ts'
import type { References } from './references.ts'

/** A parameter as the request needs it, and its schema as the document has it. */
export interface ReadParameter {
  parameter: ApiParameter
  schema: unknown
  description: string
}

type Place = ApiParameter['in']
type Style = ApiParameter['style']

const STYLES: Record<Place, readonly Style[]> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}

/** Those the specification says to ignore, and those that the connection or the gateway writes. */
const NOT_OURS_TO_SEND =
  /^(?:accept|accept-encoding|authorization|connection|content-.*|cookie|expect|host|keep-alive|mcp-.*|mcpgw-.*|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/

/**
 * The parameters of an operation, its own before those of its path. Throws LeftOut for one that cannot be sent and
 * must be.
 */
export function readParameters(
  { path, shared, own }: { path: string; shared: unknown; own: unknown },
  { references, security, names }: ParameterContext,
): ReadParameter[] {
  const given = [...listOf(own), ...listOf(shared)].map((each) => references.resolve(each)).filter(isObject)
  const distinct = given.filter((one, at) => given.findIndex((other) => sameParameter(one, other)) === at)
  const fromCredential = security.flat()
  const sent = distinct.filter((each) => isSent(each) && !isCredential(each, fromCredential))
  const read = sent.map((each) => readParameter(each, names))
  requirePathParameters(path, read)
  return read
}

export interface ParameterContext {
  references: References
  security: readonly (readonly Placement[])[]
  names: ArgumentNames
}

function sameParameter(one: Json, other: Json): boolean {
  return one.name === other.name && one.in === other.in
}

function isSent({ name, in: place, required }: Json): boolean {
  if (typeof name !== 'string' || name === '') return false
  if (place !== 'header' && place !== 'cookie') return true
  const usable = HEADER_NAME.test(name) && !(place === 'header' && NOT_OURS_TO_SEND.test(name))
  if (!usable && required === true && !/^(?:accept|content-type|authorization)$/i.test(name))
    throw new LeftOut(`It needs the ${place} "${name.slice(0, 100)}", which tools cannot set.`)
  return usable
}

/** Some documents tell of their keys twice; what the vault fills in is nothing for a model to choose. */
function isCredential({ name, in: place }: Json, placements: readonly Placement[]): boolean {
  const isSame = (one: string) =>
    place === 'header' ? one.toLowerCase() === String(name).toLowerCase() : one === name
  return placements.some((each) => each.kind === 'apiKey' && each.in === place && isSame(each.name))
}

function readParameter(given: Json, names: ArgumentNames): ReadParameter {
  const name = String(given.name)
  const place = requirePlace(given)
  const { schema, isJson } = schemaOf(given)
  const style = requireStyle(given, place)
  const parameter: ApiParameter = {
    argument: names.claim(name, place),
    name,
    in: place,
    required: place === 'path' || given.required === true,
    style,
    explode: typeof given.explode === 'boolean' ? given.explode : style === 'form' || style === 'deepObject',
    ...(isJson && { json: true as const }),
  }
  return { parameter, schema, description: textOr(given.description, '') }
}

function requirePlace({ name, in: place }: Json): Place {
  if (place === 'path' || place === 'query' || place === 'header' || place === 'cookie') return place
  throw new LeftOut(`Its parameter "${String(name).slice(0, 100)}" is in no place that is known.`)
}

function requireStyle({ name, style }: Json, place: Place): Style {
  if (style === undefined) return place === 'path' || place === 'header' ? 'simple' : 'form'
  const known = STYLES[place].find((each) => each === style)
  if (known !== undefined) return known
  throw new LeftOut(`Its parameter "${String(name).slice(0, 100)}" has a style that is not supported.`)
}

/** A parameter has either a schema, or one kind of content with a schema: JSON, then. */
function schemaOf({ schema, content }: Json): { schema: unknown; isJson: boolean } {
  if (!isObject(content)) return { schema: schema ?? {}, isJson: false }
  const [media] = Object.values(content)
  return { schema: member(media, 'schema') ?? {}, isJson: true }
}

function requirePathParameters(path: string, read: readonly ReadParameter[]): void {
  const inPath = new Set(read.flatMap(({ parameter }) => (parameter.in === 'path' ? [parameter.name] : [])))
  const wanted = Array.from(path.matchAll(/\{([^{}]*)\}/g), ([, name]) => name ?? '')
  const missing = wanted.find((name) => !inPath.has(name))
  if (missing !== undefined) throw new LeftOut(`Its path names "{${missing}}", which is not described.`)
  const extra = [...inPath].find((name) => !wanted.includes(name))
  if (extra !== undefined) throw new LeftOut(`Its path has no place for "${extra.slice(0, 100)}".`)
}
