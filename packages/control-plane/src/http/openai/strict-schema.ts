import { isRawNumber } from '../../protocol/json.ts'

/** The limits of OpenAI's Structured Outputs. */
const MAX_PROPERTIES = 5_000
const MAX_LEVELS = 10
const MAX_CHARACTERS = 120_000
const MAX_ENUM_VALUES = 1_000
/** Above this many, the values of one enum have less room. */
const LARGE_ENUM = 250
const MAX_LARGE_ENUM_CHARACTERS = 15_000

/** What a strict schema may say, by its kind. What is not here turns `strict` off, as what a model is not held to must. */
const KEYWORDS = {
  reference: new Set(['$ref']),
  choice: new Set(['anyOf']),
  object: new Set(['type', 'properties', 'required', 'additionalProperties']),
  array: new Set(['type', 'items', 'minItems', 'maxItems']),
  scalar: new Set([
    'type',
    'enum',
    'const',
    'pattern',
    'format',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
  ]),
}
const TEXTS = new Set(['title', 'description', 'pattern', 'format', '$ref'])
const NUMBERS = new Set([
  'minItems',
  'maxItems',
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
  const { $ref, anyOf } = schema
  if ($ref !== undefined) return says(schema, 'reference') && isKnownRef($ref, sums)
  if (anyOf === undefined) return hasStrictType(schema, sums, level)
  return says(schema, 'choice') && Array.isArray(anyOf) && anyOf.every((one) => isStrict(one, sums, level))
}

/** Nothing beside what such a schema may say, a title and a description, and nothing of another type than it should be. */
function says(schema: Schema, kind: keyof typeof KEYWORDS): boolean {
  return Object.entries(schema).every(([keyword, value]) => {
    if (TEXTS.has(keyword) && typeof value !== 'string') return false
    if (NUMBERS.has(keyword) && typeof value !== 'number') return false
    return keyword === 'title' || keyword === 'description' || KEYWORDS[kind].has(keyword)
  })
}

function isKnownRef($ref: unknown, { defs }: Sums): boolean {
  return $ref === '#' || (typeof $ref === 'string' && defs.has($ref.replace(/^#\/\$defs\//, '')))
}

function hasStrictType(schema: Schema, sums: Sums, level: number): boolean {
  const { type, format } = schema
  const types = Array.isArray(type) ? type : [type]
  if (!types.every((one) => TYPES.has(String(one)))) return false
  const others = types.filter((one) => one !== 'null')
  if (others.includes('object'))
    return others.length === 1 && says(schema, 'object') && isStrictObject(schema, sums, level)
  if (others.includes('array'))
    return others.length === 1 && says(schema, 'array') && isStrict(schema.items, sums, level + 1)
  return (
    says(schema, 'scalar') &&
    (format === undefined || FORMATS.has(String(format))) &&
    areValuesFew(schema, sums)
  )
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
