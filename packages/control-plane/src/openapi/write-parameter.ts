import { isRawNumber } from '../protocol/json.ts'
import { isObject } from './json.ts'
import type { ApiParameter } from './plan.ts'
import { UnusableArgument } from './unusable-argument.ts'

/**
 * Percent-encoded, also where a document allows reserved characters: what is decoded at the other end is the same, and
 * no value can end the part of the URL that it stands in.
 */
export function encoded(text: string): string {
  if (!text.isWellFormed()) throw new UnusableArgument('An argument is not well-formed text.')
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** How a single value is written; what is no single value, as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (isRawNumber(value)) return value.rawJSON
  return value === null ? '' : JSON.stringify(value)
}

type Pairs = [name: string, value: unknown][]

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !isRawNumber(value)
}

/** What stands in the path for a parameter. Throws UnusableArgument for what would lead to another path. */
export function writePath(parameter: ApiParameter, value: unknown): string {
  const { argument, name, style, explode } = parameter
  const written = parameter.json ? encoded(JSON.stringify(value)) : pathText(parameter, value)
  requireOnePart(argument, parameter.json ? [JSON.stringify(value)] : textsIn(value))
  const label = style === 'label' ? '.' : ''
  if (style !== 'matrix') return `${label}${written}`
  const isExploded = explode && (Array.isArray(value) || isPlainObject(value))
  return isExploded ? `;${written}` : `;${encoded(name)}=${written}`
}

function pathText({ name, style, explode }: ApiParameter, value: unknown): string {
  const between = explode && style === 'label' ? '.' : explode && style === 'matrix' ? ';' : ','
  const prefix = explode && style === 'matrix' ? `${encoded(name)}=` : ''
  if (Array.isArray(value)) return value.map((each) => `${prefix}${encoded(textOf(each))}`).join(between)
  if (isPlainObject(value)) return joinedMembers(Object.entries(value), explode, between)
  return encoded(textOf(value))
}

function joinedMembers(members: Pairs, explode: boolean, between: string): string {
  return members
    .map(([key, each]) => [encoded(key), encoded(textOf(each))].join(explode ? '=' : ','))
    .join(between)
}

function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(textOf)
  if (isPlainObject(value)) return Object.entries(value).flatMap(([key, each]) => [key, textOf(each)])
  return [textOf(value)]
}

/** Some servers decode a path before they take it apart: `..%2F..%2Fadmin` would lead them elsewhere. */
function requireOnePart(argument: string, texts: readonly string[]): void {
  if (texts.length === 0 || texts.every((text) => text === ''))
    throw new UnusableArgument(`"${argument}" is a part of the address and cannot be empty.`)
  const climbs = texts.some((text) => decodedParts(text).some((part) => part === '.' || part === '..'))
  if (climbs) throw new UnusableArgument(`"${argument}" must not be or hold the path "." or "..".`)
}

/** Also when it is encoded already: a second decoding is what an attacker hopes for. */
function decodedParts(text: string): string[] {
  let plain = text
  for (let times = 0; times < 3 && /%2[ef]|%5c|%25/i.test(plain); times++) {
    plain = plain
      .replaceAll(/%2e/gi, '.')
      .replaceAll(/%2f/gi, '/')
      .replaceAll(/%5c/gi, '\\')
      .replaceAll(/%25/g, '%')
  }
  return plain.split(/[/\\]/)
}

/** `name=value` texts of a query, each encoded. */
export function writeQuery(parameter: ApiParameter, value: unknown): string[] {
  const { name, style, explode, json } = parameter
  if (json) return [pair(name, JSON.stringify(value))]
  if (style === 'deepObject')
    return isObject(value) ? deepPairs(parameter, name, value, 0) : [pair(name, textOf(value))]
  const between = DELIMITERS[style] ?? ','
  if (Array.isArray(value)) {
    if (value.length === 0) return []
    return explode ? value.map((each) => pair(name, textOf(each))) : [list(name, value, between)]
  }
  if (!isPlainObject(value)) return [pair(name, textOf(value))]
  const members = Object.entries(value)
  if (members.length === 0) return []
  return explode
    ? members.map(([key, each]) => pair(key, textOf(each)))
    : [list(name, members.flat(), between)]
}

const DELIMITERS: Partial<Record<ApiParameter['style'], string>> = {
  spaceDelimited: '%20',
  pipeDelimited: '%7C',
}

function pair(name: string, text: string): string {
  return `${encoded(name)}=${encoded(text)}`
}

/** Delimiters inside of a value are encoded where that tells them apart, and refused where it does not. */
function list(name: string, values: readonly unknown[], between: string): string {
  const texts = values.map(textOf)
  const delimiter = decodeURIComponent(between)
  if (between !== ',' && texts.some((text) => text.includes(delimiter)))
    throw new UnusableArgument(
      `The values of "${name}" must not hold "${delimiter}", which stands between them.`,
    )
  return `${encoded(name)}=${texts.map(encoded).join(between)}`
}

const MAX_DEPTH = 8

function deepPairs(parameter: ApiParameter, prefix: string, value: object, depth: number): string[] {
  if (depth > MAX_DEPTH) throw new UnusableArgument(`"${parameter.argument}" is nested too deeply.`)
  return Object.entries(value).flatMap(([key, each]: [string, unknown]) => {
    if (/[[\]]/.test(key))
      throw new UnusableArgument(`"${parameter.argument}" must not have "[" or "]" in a name.`)
    const name = `${prefix}[${key}]`
    if (Array.isArray(each)) return each.map((one) => pair(name, textOf(one)))
    return isPlainObject(each) ? deepPairs(parameter, name, each, depth + 1) : [pair(name, textOf(each))]
  })
}

/** A header's value. Throws UnusableArgument for what would end it, be cut off, or read as more values than it is. */
export function writeHeader(parameter: ApiParameter, value: unknown): string {
  const { argument, explode, json } = parameter
  if (json) return requireLine(argument, asciiJson(value))
  if (Array.isArray(value)) return listed(argument, value.map(textOf), ',').join()
  if (!isPlainObject(value)) return requireLine(argument, textOf(value))
  const members = Object.entries(value).map(([key, each]) =>
    listed(argument, [key, textOf(each)], explode ? ',=' : ','),
  )
  return members.map((each) => each.join(explode ? '=' : ',')).join()
}

function listed(argument: string, texts: string[], between: string): string[] {
  for (const text of texts) {
    requireLine(argument, text)
    const found = Array.from(between).find((delimiter) => text.includes(delimiter))
    if (found !== undefined)
      throw new UnusableArgument(
        `The values of "${argument}" must not hold "${found}", which stands between them.`,
      )
  }
  return texts
}

function requireLine(argument: string, text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text) && text.trim() === text) return text
  throw new UnusableArgument(
    `"${argument}" is sent as a header: it must be one line of plain ASCII, without spaces at its ends.`,
  )
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `name=value` of a cookie. */
export function writeCookie({ name, json }: ApiParameter, value: unknown): string {
  if (json) return `${name}=${encoded(JSON.stringify(value))}`
  if (Array.isArray(value)) return `${name}=${value.map((each) => encoded(textOf(each))).join()}`
  if (!isPlainObject(value)) return `${name}=${encoded(textOf(value))}`
  return `${name}=${joinedMembers(Object.entries(value), false, ',')}`
}
