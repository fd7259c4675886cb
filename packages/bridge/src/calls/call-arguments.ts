import { BridgeError } from '../bridge-error.ts'
import { isObject, type JsonObject, parseJson } from '../json-object.ts'
import { argumentsOf, takesMore, typesOf, typeWords } from './argument-schema.ts'
import { nearestName } from './nearest-name.ts'

/**
 * The arguments of a call as JSON text, from words such as `name=value` and `name:=JSON`. Text and not a value, so
 * that JSON travels as it was written, with every digit. Of the schema only the names and the kinds of values are
 * looked at; whether a value is a good one is for the server to say.
 */
export function argumentsFromWords(words: readonly string[], definition: JsonObject): string {
  const members = new Map<string, string>()
  for (const word of words) {
    const { name, operator, value } = splitWord(word)
    requireKnown(name, definition)
    if (members.has(name)) throw wrong(`The argument "${name}" is given twice.`)
    members.set(name, operator === ':=' ? requireJson(name, value) : asKind(name, value, definition))
  }
  return `{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join()}}`
}

/** Checks that a text holds the arguments of a call, which are always a JSON object. */
export function requireArguments(text: string, source: string): string {
  const value = parseJson(text)
  if (isObject(value)) return text.trim()
  throw wrong(`${source} holds no JSON object.`, `Write it as {"name": "value"}.`)
}

function splitWord(word: string): { name: string; operator: string; value: string } {
  const [, name, operator, value] = /^(.+?)(:?=)(.*)$/s.exec(word) ?? []
  if (name === undefined || operator === undefined || value === undefined) {
    throw wrong(
      `"${word}" is no argument of a tool.`,
      'Write name=value, or name:=JSON for anything but text.',
    )
  }
  return { name, operator, value }
}

function requireKnown(name: string, definition: JsonObject): void {
  const names = argumentsOf(definition).map((argument) => argument.name)
  if (names.includes(name) || takesMore(definition)) return
  const meant = nearestName(name, names)
  const hint = names.length === 0 ? 'It takes none.' : `It takes: ${names.join(', ')}.`
  throw wrong(`The tool has no argument "${name}".`, meant === undefined ? hint : `Did you mean ${meant}?`)
}

function requireJson(name: string, value: string): string {
  if (parseJson(value) !== undefined) return value
  throw wrong(`"${name}" is not valid JSON: ${value}`, `For plain text write ${name}=TEXT.`)
}

/** The value as text, or as what the schema wants in place of text. */
function asKind(name: string, value: string, definition: JsonObject): string {
  const schema = argumentsOf(definition).find((argument) => argument.name === name)?.schema ?? {}
  const types = typesOf(schema)
  if (types.length === 0 || types.includes('string')) return JSON.stringify(value)
  if (types.some((type) => isOfKind(type, parseJson(value)))) return value
  throw wrong(`"${name}" is to be ${typeWords(schema)}, not ${JSON.stringify(value)}.`)
}

function isOfKind(type: string, value: unknown): boolean {
  if (type === 'object') return isObject(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'null') return value === null
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function wrong(message: string, fix?: string): BridgeError {
  return new BridgeError('usage', message, fix === undefined ? {} : { fix })
}
