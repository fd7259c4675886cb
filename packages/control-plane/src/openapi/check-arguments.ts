import { isRawNumber } from '../protocol/json.ts'
import { isObject, type Json, member } from './json.ts'

/**
 * Looks at arguments before anything is sent: what is missing, unknown or of the wrong type, and what is none of the
 * choices. Patterns are never run and combinations of schemas never tried: both can be made to take for ever, and the API
 * judges them anyway. Answers sentences for a model to act on; at most five.
 */
export function mistakesIn(args: Json, inputSchema: Json): string[] {
  const check: Check = { mistakes: [], steps: MAX_STEPS, definitions: inputSchema.$defs }
  visit(args, inputSchema, { path: '', check, referred: 0 })
  return check.mistakes
}

const MAX_MISTAKES = 5
/** Arguments and schemas of this size take a few milliseconds; what is beyond is left to the API. */
const MAX_STEPS = 20_000
const MAX_REFERRED = 16

interface Check {
  mistakes: string[]
  steps: number
  definitions: unknown
}

interface Place {
  path: string
  check: Check
  /** References followed without getting anywhere. */
  referred: number
}

function visit(value: unknown, schema: unknown, place: Place): void {
  const { check, referred, path } = place
  if (check.steps-- <= 0 || check.mistakes.length >= MAX_MISTAKES || !isObject(schema)) return
  const { $ref, allOf } = schema
  if (typeof $ref === 'string' && referred < MAX_REFERRED)
    visit(value, definition($ref, check), { ...place, referred: referred + 1 })
  if (Array.isArray(allOf) && referred < MAX_REFERRED)
    for (const each of allOf) visit(value, each, { ...place, referred: referred + 1 })
  const problem = problemOf(value, schema)
  if (problem !== undefined) check.mistakes.push(`${path === '' ? 'The arguments' : `"${path}"`} ${problem}.`)
  else if (Array.isArray(value)) visitItems(value, schema, place)
  else if (isObject(value) && !isRawNumber(value)) visitMembers(value, schema, place)
}

function definition(reference: string, { definitions }: Check): unknown {
  return member(definitions, reference.slice('#/$defs/'.length))
}

function problemOf(value: unknown, { type, enum: choices }: Json): string | undefined {
  const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]).map(String)
  if (types.length > 0 && !types.some((each) => isOfType(value, each)))
    return `must be ${types.map((each) => KINDS[each] ?? each).join(' or ')}`
  if (!Array.isArray(choices) || choices.some((each) => isSame(each, value))) return undefined
  const shown = choices.slice(0, 20).map((each) => JSON.stringify(each))
  return `must be one of ${shown.join(', ')}${choices.length > 20 ? ', …' : ''}`
}

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
}

function isOfType(value: unknown, type: string): boolean {
  if (isRawNumber(value)) return type === 'number' || (type === 'integer' && /^-?\d+$/.test(value.rawJSON))
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'null') return value === null
  return typeof value === type
}

/** Choices are nearly always texts; of others, how they are written decides. */
function isSame(choice: unknown, value: unknown): boolean {
  return choice === value || (typeof choice === 'object' && JSON.stringify(choice) === JSON.stringify(value))
}

function visitItems(items: readonly unknown[], { items: schema }: Json, place: Place): void {
  if (schema === undefined) return
  for (const [at, item] of items.entries())
    visit(item, schema, { check: place.check, referred: 0, path: within(place.path, String(at)) })
}

function visitMembers(value: Json, schema: Json, { check, path }: Place): void {
  const { required, properties, additionalProperties } = schema
  for (const name of Array.isArray(required) ? required.map(String) : []) {
    if (!Object.hasOwn(value, name)) check.mistakes.push(`"${within(path, name)}" is required.`)
  }
  for (const [name, each] of Object.entries(value)) {
    const known = member(properties, name)
    const at = { check, referred: 0, path: within(path, name) }
    if (known !== undefined) visit(each, known, at)
    else if (isObject(additionalProperties)) visit(each, additionalProperties, at)
    else if (additionalProperties === false && schema.patternProperties === undefined)
      check.mistakes.push(unknownName(at.path, path, properties))
  }
}

function unknownName(name: string, path: string, properties: unknown): string {
  const known = isObject(properties) ? Object.keys(properties).slice(0, 30) : []
  const where = path === '' ? 'It takes' : `"${path}" takes`
  return `"${name}" is unknown. ${known.length === 0 ? 'There are no arguments' : `${where} ${known.join(', ')}`}.`
}

function within(path: string, name: string): string {
  const short = name.length > 100 ? `${name.slice(0, 100)}…` : name
  return path === '' ? short : `${path}.${short}`
}
