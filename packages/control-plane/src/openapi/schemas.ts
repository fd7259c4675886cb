import { isObject, type Json, listOf, objectsIn } from './json.ts'
import { LeftOut } from './left-out.ts'
import type { References } from './references.ts'

export interface Schemas {
  /**
   * Schemas of what is sent, as JSON Schema 2020-12: what the gateway and clients need of them. Definitions beyond the
   * room are said to be left out, the farthest first.
   */
  sent(parts: readonly unknown[], room: number): { schemas: unknown[]; definitions: Json }
  /**
   * The shape of an answer, or undefined for what is no object: its members' names and what they are, and no more. An API
   * that answers otherwise than its document says has still answered, and clients refuse a result that breaks its
   * schema; they also compile each of these before the first call, which takes them long where one leads to others.
   */
  shapeOfAnswer(schema: unknown): Json | undefined
  /** What the schema says, behind its references. */
  resolved(schema: unknown): Json
}

interface Converted {
  value: unknown
  /** Pointers that it refers to. */
  refers: string[]
  size: number
}

/** Of what an operation itself says of its parameters: it cannot do without. */
const MAX_OWN_SIZE = 32 * 1024
const MAX_SHAPE_SIZE = 8 * 1024
/** Of parts within parts: documents have two or three. */
const MAX_PARTS_DEPTH = 5
/** As deep as documents may be nested. */
const MAX_DEPTH = 200

export function createSchemas(references: References): Schemas {
  const names = new DefinitionNames()
  const known = new Map<string, Converted>()

  function convert(schema: unknown): Converted {
    const refers = new Set<string>()
    const value = convertNode(schema, { refers, names }, 0)
    return { value, refers: [...refers], size: JSON.stringify(value).length }
  }

  function definition(pointer: string): Converted {
    const before = known.get(pointer)
    if (before !== undefined) return before
    // What only leads on is looked through: a circle of references has no end for a validator.
    const converted = convert(references.resolve(references.at(pointer)))
    known.set(pointer, converted)
    return converted
  }

  /** The definitions that are needed, the nearest first, as long as there is room. */
  function closure(roots: readonly Converted[], room: number): Json {
    const found = new Map<string, unknown>()
    const waiting = roots.flatMap(({ refers }) => refers)
    let left = room - roots.reduce((sum, { size }) => sum + size, 0)
    for (const pointer of waiting) {
      const name = names.of(pointer)
      if (found.has(name)) continue
      const { value, refers, size } = definition(pointer)
      const fits = size <= left
      found.set(name, fits ? value : { description: 'Left out here: the schema is too large.' })
      left -= fits ? size : LEFT_OUT_SIZE
      if (fits) waiting.push(...refers)
    }
    return Object.fromEntries(found)
  }

  return {
    sent(parts, room) {
      const converted = parts.map(convert)
      if (converted.reduce((sum, { size }) => sum + size, 0) > MAX_OWN_SIZE)
        throw new LeftOut('Its parameters are described at too great a length.')
      return { schemas: converted.map(({ value }) => value), definitions: closure(converted, room) }
    },
    shapeOfAnswer(schema) {
      const members = membersOf(schema, references, 0)
      if (members === undefined) return undefined
      const shape = { type: 'object', properties: Object.fromEntries(members) }
      return JSON.stringify(shape).length > MAX_SHAPE_SIZE ? { type: 'object' } : shape
    },
    resolved(schema) {
      const found = references.resolve(schema)
      return isObject(found) ? found : {}
    },
  }
}

/** About what a definition that is left out takes. */
const LEFT_OUT_SIZE = 80

const isText = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number'
const isBoolean = (value: unknown) => typeof value === 'boolean'
const isAnything = () => true

/** Taken as they are where they are of the right kind: a client may refuse a tool for one that is not. */
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  title: isText,
  description: isText,
  default: isAnything,
  enum: (value) => Array.isArray(value) && value.length > 0,
  const: isAnything,
  format: isText,
  pattern: isText,
  minLength: isNumber,
  maxLength: isNumber,
  minimum: isNumber,
  maximum: isNumber,
  multipleOf: isNumber,
  minItems: isNumber,
  maxItems: isNumber,
  uniqueItems: isBoolean,
  minProperties: isNumber,
  maxProperties: isNumber,
  deprecated: isBoolean,
}
const ONE = new Set(['items', 'additionalProperties', 'propertyNames', 'not', 'contains'])
const MANY = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const NAMED = new Set(['properties', 'patternProperties'])

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])

interface Conversion {
  refers: Set<string>
  names: DefinitionNames
}

function convertNode(schema: unknown, conversion: Conversion, depth: number): unknown {
  const { refers, names } = conversion
  if (typeof schema === 'boolean') return schema
  if (!isObject(schema) || depth > MAX_DEPTH) return {}
  const { $ref, description } = schema
  if (typeof $ref === 'string') {
    refers.add($ref)
    return { ...(isText(description) && { description }), $ref: `#/$defs/${names.of($ref)}` }
  }
  const members = Object.entries(schema).flatMap((entry) => convertMember(entry, conversion, depth))
  return withAssertions(Object.fromEntries(members), schema)
}

function convertMember([key, value]: [string, unknown], conversion: Conversion, depth: number) {
  const inner = (schema: unknown) => convertNode(schema, conversion, depth + 1)
  if (Object.hasOwn(PLAIN, key)) return PLAIN[key]?.(value) ? [[key, value]] : []
  if (ONE.has(key)) return [[key, inner(value)]]
  if (MANY.has(key)) return listOf(value).length > 0 ? [[key, listOf(value).map(inner)]] : []
  if (!NAMED.has(key) || !isObject(value)) return []
  const entries = Object.entries(value).filter(([, schema]) => !isReadOnly(schema))
  return [[key, Object.fromEntries(entries.map(([name, schema]) => [name, inner(schema)]))]]
}

function isReadOnly(schema: unknown): boolean {
  return isObject(schema) && schema.readOnly === true
}

/** What OpenAPI 3.0 writes otherwise than JSON Schema 2020-12 does. */
function withAssertions(converted: Json, schema: Json): Json {
  const { type, nullable, required, properties, exclusiveMinimum, exclusiveMaximum } = schema
  const types = (Array.isArray(type) ? type : [type]).filter((each) => TYPES.has(each))
  if (nullable === true && types.length > 0) types.push('null')
  if (types.length > 0) converted.type = types.length === 1 ? types[0] : types
  if (nullable === true && Array.isArray(converted.enum)) converted.enum = [...converted.enum, null]
  const unsent = new Set(objectsIn(properties).flatMap(([name, each]) => (isReadOnly(each) ? [name] : [])))
  const names = listOf(required).filter((name) => typeof name === 'string' && !unsent.has(name))
  if (names.length > 0) converted.required = [...new Set(names)]
  moveBound(converted, 'minimum', 'exclusiveMinimum', exclusiveMinimum)
  moveBound(converted, 'maximum', 'exclusiveMaximum', exclusiveMaximum)
  return converted
}

function moveBound(converted: Json, bound: string, exclusive: string, value: unknown): void {
  if (typeof value === 'number') converted[exclusive] = value
  if (value !== true || converted[bound] === undefined) return
  converted[exclusive] = converted[bound]
  delete converted[bound]
}

/** The members of an object and what is said of each; undefined for a schema of something else. */
function membersOf(schema: unknown, references: References, depth: number): [string, Json][] | undefined {
  const found = references.resolve(schema)
  if (!isObject(found) || depth > MAX_PARTS_DEPTH) return undefined
  const { type, properties, allOf } = found
  if (type !== undefined && type !== 'object' && !listOf(type).includes('object')) return undefined
  const parts = listOf(allOf).map((part) => membersOf(part, references, depth + 1))
  const isOfObject = type !== undefined || isObject(properties) || parts.some((part) => part !== undefined)
  if (!isOfObject) return undefined
  const own = isObject(properties) ? Object.entries(properties) : []
  return [
    ...parts.flatMap((part) => part ?? []),
    ...own.map(([name, each]) => [name, said(each)] as [string, Json]),
  ]
}

function said(schema: unknown): Json {
  const { title, description } = isObject(schema) ? schema : {}
  return { ...(isText(title) && { title }), ...(isText(description) && { description }) }
}

/** The last part of a pointer, told apart from that of others by a number. */
class DefinitionNames {
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()

  of(pointer: string): string {
    const known = this.#names.get(pointer)
    if (known !== undefined) return known
    const last = (pointer.split('/').at(-1) ?? '').replaceAll(/[^A-Za-z0-9_.-]/g, '_')
    const plain = last === '' || last === '#' ? 'schema' : last.slice(0, 60)
    let name = plain
    for (let number = 2; this.#taken.has(name); number++) name = `${plain}_${number}`
    this.#names.set(pointer, name)
    this.#taken.add(name)
    return name
  }
}
