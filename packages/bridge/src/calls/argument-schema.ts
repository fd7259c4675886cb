import { asObject, asString, isObject, type JsonObject } from '../json-object.ts'

/** One argument of a tool, as its input schema tells it. */
export interface ToolArgument {
  readonly name: string
  readonly schema: JsonObject
  readonly isRequired: boolean
}

export function argumentsOf(definition: JsonObject): ToolArgument[] {
  const schema = asObject(definition.inputSchema)
  const required = Array.isArray(schema?.required) ? schema.required : []
  return Object.entries(asObject(schema?.properties) ?? {}).map(([name, value]) => ({
    name,
    schema: asObject(value) ?? {},
    isRequired: required.includes(name),
  }))
}

/** The schema says by itself that it takes arguments it does not name. */
export function takesMore(definition: JsonObject): boolean {
  const schema = asObject(definition.inputSchema)
  const more = schema?.additionalProperties
  return more === true || isObject(more) || schema?.patternProperties !== undefined
}

/** The JSON types a schema allows; none when it does not say, or says it in a way this does not follow. */
export function typesOf(schema: JsonObject): string[] {
  const { type } = schema
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type.filter((item) => typeof item === 'string')
  const choices = [schema.anyOf, schema.oneOf].find(Array.isArray) ?? []
  const types = choices.map((choice) => typesOf(asObject(choice) ?? {}))
  return types.some((list) => list.length === 0) ? [] : [...new Set(types.flat())]
}

/** The type of an argument in a few words: `string`, `integer[]`, `"a" | "b"`. */
export function typeWords(schema: JsonObject): string {
  const { enum: values, items } = schema
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  const types = typesOf(schema)
  if (types.length === 0) return 'any'
  return types.map((type) => (type === 'array' ? arrayWords(items) : type)).join(' | ')
}

function arrayWords(items: unknown): string {
  const item = asObject(items)
  const words = item === undefined ? 'any' : typeWords(item)
  return words.includes(' ') ? `(${words})[]` : `${words}[]`
}

/** A call to start from: the name, and every argument it cannot do without. */
export function exampleCall(name: string, definition: JsonObject): string {
  const required = argumentsOf(definition).filter((argument) => argument.isRequired)
  return ['mcpgw call', name, ...required.map(exampleArgument)].join(' ')
}

function exampleArgument({ name, schema }: ToolArgument): string {
  const value = exampleValue(schema)
  if (typeof value === 'string') return quoted(`${name}=${value}`)
  return quoted(`${name}:=${JSON.stringify(value)}`)
}

function exampleValue(schema: JsonObject): unknown {
  const [first] = Array.isArray(schema.enum) ? schema.enum : []
  const known = schema.const ?? schema.default ?? first
  if (known !== undefined) return known
  const [type] = typesOf(schema)
  return type === undefined ? 'TEXT' : (placeholders[type] ?? 'TEXT')
}

const placeholders: Readonly<Record<string, unknown>> = {
  integer: 1,
  number: 1,
  boolean: true,
  array: [],
  object: {},
  null: null,
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** The words of a schema for one argument, for people. */
export function argumentWords({ schema }: ToolArgument): string {
  return asString(schema.description) ?? asString(schema.title) ?? ''
}
