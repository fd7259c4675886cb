import { isRawNumber } from '../../protocol/json.ts'
import type { FunctionTool } from './formats/format.ts'
import { qualifiesForStrict } from './strict-schema.ts'

type Schema = Record<string, unknown>

/** What the model providers refuse at the root of a function's parameters, and a whole request with it. */
const ROOT_CHOICES = ['anyOf', 'oneOf', 'allOf', 'not', 'enum', 'if', 'then', 'else']

/**
 * A tool as both of OpenAI's APIs describe functions. Its schema is passed whole, but for choices at its root; OpenAI also
 * asks for members that change nothing: `properties` at the root, and `items` of every array. `strict` is always said:
 * where it is left out, Responses tries it on its own.
 */
export function openAiFunction({ name, ...tool }: FunctionTool): Record<string, unknown> {
  const { description, inputSchema } = withoutRootChoices(tool)
  const parameters = withItems({ ...inputSchema, properties: inputSchema.properties ?? {} })
  const strict = inputSchema === tool.inputSchema && qualifiesForStrict(parameters)
  return { name, ...(description !== undefined && { description }), parameters, strict }
}

/** A tool whose choices at the root are told in its description: the server still holds arguments to them. */
export function withoutRootChoices({
  description,
  inputSchema,
}: Omit<FunctionTool, 'name'>): Omit<FunctionTool, 'name'> {
  const found = ROOT_CHOICES.filter((keyword) => Object.hasOwn(inputSchema, keyword))
  if (found.length === 0) return { description, inputSchema }
  const rest = { ...inputSchema }
  for (const keyword of found) delete rest[keyword]
  const choices = Object.fromEntries(found.map((keyword) => [keyword, inputSchema[keyword]]))
  const note = `The arguments must also fit this JSON Schema: ${JSON.stringify(choices)}`
  return {
    description: description === undefined ? note : `${description}\n\n${note}`,
    inputSchema: rest,
  }
}

/** Members whose value is a schema, a list of schemas, or schemas by name. */
const ONE = ['items', 'additionalProperties', 'not', 'contains', 'if', 'then', 'else']
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems']
const NAMED = ['properties', '$defs', 'definitions', 'patternProperties']

function withItems(schema: unknown): Schema {
  // The cast: `true` and `false` are schemas too, and pass through.
  if (!isSchema(schema)) return schema as Schema
  const copy: Schema = { ...schema }
  for (const keyword of ONE) if (isSchema(copy[keyword])) copy[keyword] = withItems(copy[keyword])
  for (const keyword of LISTS) {
    const list = copy[keyword]
    if (Array.isArray(list)) copy[keyword] = list.map(withItems)
  }
  for (const keyword of NAMED) {
    const named = copy[keyword]
    if (isSchema(named))
      copy[keyword] = Object.fromEntries(Object.entries(named).map(([name, one]) => [name, withItems(one)]))
  }
  const isArray = copy.type === 'array' || (Array.isArray(copy.type) && copy.type.includes('array'))
  if (isArray && copy.items === undefined) copy.items = {}
  return copy
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}
