import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { asObject, type JsonObject } from '../../json-object.ts'
import {
  type EntryPlace,
  endOfLine,
  type Format,
  FormatTrouble,
  lineEndOf,
  splice,
  startOfLine,
  troubleAt,
} from './format.ts'

/** YAML. Whole lines are added and removed, because writing the document anew would lay it out anew. */
export const yaml: Format = {
  parse(text) {
    const value: unknown = readDocument(text).toJS()
    if (value === null || value === undefined) return {}
    const object = asObject(value)
    if (object === undefined) throw new FormatTrouble('it is not a map of settings')
    return object
  },

  write(text, place, key, entry) {
    const rest = this.remove(text, place, key, { dropContainer: false })
    const pair = findPair(readDocument(rest), place.container)
    const value = place.isList === true ? [entry] : { [key]: entry }
    if (pair === undefined) return append(rest, stringifyBlock({ [place.container]: value }))
    const { value: container } = pair
    if (isCollection(container) && !isEmpty(container)) return insertFirst(rest, container, value)
    return replaceEmpty(rest, pair, stringifyBlock(value))
  },

  remove(text, place, key, { dropContainer }) {
    const pair = findPair(readDocument(text), place.container)
    const container = pair?.value
    const region = isCollection(container) ? findEntry(container, place, key) : undefined
    if (pair === undefined || region === undefined || !isCollection(container)) return text
    if (container.flow === true) throw new FormatTrouble(`${place.container} is written in one line`)
    if (container.items.length > 1) return removeLines(text, region)
    const start = startOfLine(text, startOf(pair.key))
    if (dropContainer) return removeLines(text, { start, end: region.end })
    const empty = place.isList === true ? ' []' : ' {}'
    return putBehindKey(removeLines(text, region), pair, empty)
  },
}

function readDocument(text: string): Document.Parsed {
  const documents = parseAllDocuments(text, { keepSourceTokens: true, logLevel: 'silent' })
  const [document = undefined, ...more] = 'empty' in documents ? [] : documents
  if (document === undefined) return readDocument('{}\n')
  const [error] = document.errors
  if (error !== undefined) throw troubleAt(text, error.pos[0], error.code.toLowerCase().replaceAll('_', ' '))
  if (more.length > 0) throw new FormatTrouble('it holds more than one document')
  return document
}

type AnyPair = Pair<unknown, unknown>

function findPair(document: Document.Parsed, name: string): AnyPair | undefined {
  return isMap(document.contents) ? document.contents.items.find((pair) => nameOf(pair) === name) : undefined
}

function nameOf({ key }: AnyPair): unknown {
  return isScalar(key) ? key.value : undefined
}

type Collection = YAMLMap | YAMLSeq

const isEmpty = (collection: Collection) => collection.items.length === 0

function rangeOf(node: unknown): readonly [number, number, number] {
  // Every node of a parsed document has a range.
  const range = (node as Node | null)?.range
  if (range === null || range === undefined) throw new FormatTrouble('an entry cannot be found in the text')
  return range
}

const startOf = (node: unknown) => rangeOf(node)[0]

interface Region {
  readonly start: number
  readonly end: number
}

function findEntry(container: Collection, { isList }: EntryPlace, key: string): Region | undefined {
  if (isList === true) {
    const item = isSeq(container)
      ? container.items.find((candidate) => isMap(candidate) && candidate.get('name') === key)
      : undefined
    return item === undefined ? undefined : { start: startOf(item), end: endOfContent(item) }
  }
  const pair = isMap(container) ? container.items.find((candidate) => nameOf(candidate) === key) : undefined
  return pair === undefined
    ? undefined
    : { start: startOf(pair.key), end: endOfContent(pair.value ?? pair.key) }
}

/** The end of the last value: a collection's own range reaches over the comments behind it. */
function endOfContent(node: unknown): number {
  if (!isCollection(node) || node.flow === true) return rangeOf(node)[1]
  const last: unknown = node.items.at(-1)
  if (last === undefined) return rangeOf(node)[1]
  if (!isMap(node)) return endOfContent(last)
  // The items of a map are pairs.
  const { key, value } = last as AnyPair
  return endOfContent(value ?? key)
}

function removeLines(text: string, { start, end }: Region): string {
  // A block scalar ends behind its line break.
  const last = text.charAt(end - 1) === '\n' ? end : endOfLine(text, end)
  return splice(text, startOfLine(text, start), last, '')
}

function stringifyBlock(value: unknown): string {
  return stringify(value, { lineWidth: 0, defaultStringType: 'PLAIN' })
}

function indent(block: string, column: number, lineEnd: string): string {
  const lines = block.trimEnd().split('\n')
  return lines.map((line) => ' '.repeat(column) + line + lineEnd).join('')
}

function append(text: string, block: string): string {
  const lineEnd = lineEndOf(text)
  const missingEnd = text === '' || text.endsWith('\n') ? '' : lineEnd
  return text + missingEnd + indent(block, 0, lineEnd)
}

/** Before the first entry and the comments above it. */
function insertFirst(text: string, container: Collection, value: JsonObject | JsonObject[]): string {
  if (container.flow === true) throw new FormatTrouble('its servers are written in one line')
  const start = startOf(container)
  const lineStart = startOfLine(text, start)
  if (text.slice(lineStart, start).trim() !== '')
    throw new FormatTrouble('its servers are laid out unusually')
  const column = start - lineStart
  const place = firstLineOf(text, lineStart)
  return splice(text, place, place, indent(stringifyBlock(value), column, lineEndOf(text)))
}

/** Goes up over comments and blank lines to the line behind the container's key. */
function firstLineOf(text: string, lineStart: number): number {
  if (lineStart === 0) return 0
  const above = startOfLine(text, lineStart - 1)
  const line = text.slice(above, lineStart)
  return /^\s*(#|$)/.test(line) ? firstLineOf(text, above) : lineStart
}

function replaceEmpty(text: string, pair: AnyPair, block: string): string {
  const { value } = pair
  const isNothing = value === null || (isScalar(value) && value.value === null)
  if (!isNothing && !isCollection(value))
    throw new FormatTrouble(`${String(nameOf(pair))} is not a collection`)
  const lineEnd = lineEndOf(text)
  const bare = isCollection(value) ? withoutEmpty(text, value) : text
  const place = endOfLine(bare, rangeOf(pair.key)[1])
  const missingEnd = bare.charAt(place - 1) === '\n' ? '' : lineEnd
  return splice(bare, place, place, missingEnd + indent(block, 2, lineEnd))
}

/** Takes `{}` or `[]` away, with the space before it. */
function withoutEmpty(text: string, collection: Collection): string {
  const [start, end] = rangeOf(collection)
  return splice(text, text.slice(0, start).trimEnd().length, end, '')
}

function putBehindKey(text: string, pair: AnyPair, empty: string): string {
  const colon = text.indexOf(':', rangeOf(pair.key)[1])
  return splice(text, colon + 1, colon + 1, empty)
}
