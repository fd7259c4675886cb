import { isRawNumber } from '../../protocol/json.ts'

/** The limits of OpenAI's Structured Outputs. */
const MAX_PROPERTIES = 5_000
const MAX_LEVELS = 10
const MAX_CHARACTERS = 120_000
const MAX_ENUM_VALUES = 1_000
/** Above this many, the values of one enum have less room. */
const LARGE_ENUM = 250
const MAX_LARGE_ENUM_CHARACTERS = 15_000

/** What a strict schema may say. What is not here turns `strict` off, as what a model is not held to must. */
const KEYWORDS = new Set([
  'type',
  'title',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'maxItems',
  'enum',
  'const',
  'anyOf',
  '$ref',
  '$defs',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
])
const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
const FORMATS = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
])

type Schema = Record<string, unknown>

/** Counted over the whole schema. */
interface Sums {
  properties: number
  characters: number
  enumValues: number
  defs: ReadonlySet<string>
}

/**
 * Whether OpenAI takes a function with these parameters as `strict`, as they are: all members of every object required,
 * none beside them, nothing but what it can hold a model to. Doubt is no: a tool that is not strict works.
 */
export function qualifiesForStrict(parameters: Schema): boolean {
  const { $schema: _, $defs, ...root } = parameters
  if (root.type !== 'object' || root.anyOf !== undefined) return false
  const defs = $defs ?? {}
  if (!isObject(defs)) return false
  const sums: Sums = {
    properties: 0,
    characters: 0,
    enumValues: 0,
    defs: new Set(Object.keys(defs)),
  }
  const qualify = [root, ...Object.values(defs)].every((schema) => isStrict(schema, sums, 1))
  const characters = sums.characters + Object.keys(defs).join('').length
  return qualify && sums.properties <= MAX_PROPERTIES && characters <= MAX_CHARACTERS
}

function isStrict(schema: unknown, sums: Sums, level: number): boolean {
  if (!isObject(schema) || level > MAX_LEVELS) return false
  if (Object.keys(schema).some((keyword) => !KEYWORDS.has(keyword) || keyword === '$defs')) return false
  const { $ref, anyOf, format } = schema
  if ($ref !== undefined) return isKnownRef($ref, sums)
  if (format !== undefined && !FORMATS.has(String(format))) return false
  if (!areValuesFew(schema, sums)) return false
  if (anyOf !== undefined) return Array.isArray(anyOf) && anyOf.every((one) => isStrict(one, sums, level))
  return hasStrictType(schema, sums, level)
}

function isKnownRef($ref: unknown, { defs }: Sums): boolean {
  return $ref === '#' || (typeof $ref === 'string' && defs.has($ref.replace(/^#\/\$defs\//, '')))
}

function hasStrictType(schema: Schema, sums: Sums, level: number): boolean {
  const { type } = schema
  const types = Array.isArray(type) ? type : [type]
  if (!types.every((one) => TYPES.has(String(one)))) return false
  if (types.includes('object') && !isStrictObject(schema, sums, level)) return false
  return !types.includes('array') || isStrict(schema.items, sums, level + 1)
}

function isStrictObject(
  { properties = {}, required, additionalProperties }: Schema,
  sums: Sums,
  level: number,
) {
  if (additionalProperties !== false || !isObject(properties) || !Array.isArray(required)) return false
  const names = Object.keys(properties)
  sums.properties += names.length
  sums.characters += names.join('').length
  return (
    required.length === names.length &&
    names.every((name) => required.includes(name)) &&
    Object.values(properties).every((property) => isStrict(property, sums, level + 1))
  )
}

function areValuesFew({ enum: values = [], const: value }: Schema, sums: Sums): boolean {
  if (!Array.isArray(values)) return false
  const characters = JSON.stringify([...values, value]).length
  sums.enumValues += values.length
  sums.characters += characters
  if (values.length > LARGE_ENUM && characters > MAX_LARGE_ENUM_CHARACTERS) return false
  return sums.enumValues <= MAX_ENUM_VALUES
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}
