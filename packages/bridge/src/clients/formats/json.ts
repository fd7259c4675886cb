import {
  createScanner,
  type Node,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
  stripComments,
} from 'jsonc-parser'
import { asObject, type JsonObject, parseJson } from '../../json-object.ts'
import { type Format, FormatTrouble, lineEndOf, splice, startOfLine, troubleAt } from './format.ts'

/**
 * JSON, with the comments and trailing commas most clients allow. The edits are our own: those of jsonc-parser move or
 * delete the comment behind a neighbour.
 */
export const json: Format = {
  parse(text) {
    // Most files are strict, and some are huge: this is ten times faster than reading them with comments.
    const strict = asObject(parseJson(text))
    if (strict !== undefined) return strict
    return readRoot(text) === undefined ? {} : (asObject(parse(text, [], { allowTrailingComma: true })) ?? {})
  },

  write(text, { container: name }, key, entry) {
    const root = readRoot(text)
    if (root === undefined) return startFile(text, { [name]: { [key]: entry } })
    const container = valueAt(root, name)
    if (container === undefined) return insertProperty(text, root, root, name, { [key]: entry })
    requireObject(text, container, name)
    const present = propertyOf(container, key)
    return present === undefined
      ? insertProperty(text, root, container, key, entry)
      : replaceValue(text, root, present, entry)
  },

  remove(text, { container: name }, key, { dropContainer }) {
    const root = readRoot(text)
    const container = root === undefined ? undefined : valueAt(root, name)
    if (root === undefined || container === undefined || valueAt(container, key) === undefined) return text
    const isAlone = container.children?.length === 1
    return isAlone && dropContainer ? removeProperty(text, root, name) : removeProperty(text, container, key)
  },
}

// The kinds of token readTail asks for: the library has them only as an ambient enum, which cannot be imported.
const commaToken = 5
const lineBreak = 14
const blank = 15
const endOfText = 17

/** The object the file consists of; undefined in a file without content. */
function readRoot(text: string): Node | undefined {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  if (root === undefined && stripComments(text).trim() === '') return undefined
  const [first] = errors
  if (first !== undefined) throw troubleAt(text, first.offset, sentenceOf(first))
  if (root === undefined) throw new FormatTrouble('it holds no JSON')
  requireObject(text, root, 'the file')
  return root
}

/** `CommaExpected` becomes "comma expected". */
function sentenceOf({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

function requireObject(text: string, node: Node, name: string): void {
  if (node.type !== 'object') throw troubleAt(text, node.offset, `${name} is not an object`)
}

/** The last of that name, as JSON.parse has it. */
function propertyOf(object: Node, name: string): Node | undefined {
  return object.children?.findLast((property) => property.children?.[0]?.value === name)
}

function valueAt(object: Node, name: string): Node | undefined {
  return propertyOf(object, name)?.children?.[1]
}

const endOf = ({ offset, length }: Node) => offset + length

/** How the file is written. A unit of '' means: all in one line. */
interface Style {
  readonly unit: string
  readonly lineEnd: string
}

function readStyle(text: string, root: Node): Style {
  const lineEnd = lineEndOf(text)
  const [first] = root.children ?? []
  const inner = text.slice(root.offset, first?.offset ?? endOf(root) - 1)
  if (!inner.includes('\n')) return { unit: first === undefined ? '  ' : '', lineEnd }
  const unit = first === undefined ? '  ' : indentationAt(text, first.offset)
  return { unit: unit === '' ? '  ' : unit.replace(indentationAt(text, root.offset), '') || unit, lineEnd }
}

function indentationAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(startOfLine(text, offset), offset))?.[0] ?? ''
}

function stringify(value: unknown, { unit, lineEnd }: Style, indentation: string): string {
  if (unit === '') return JSON.stringify(value)
  return JSON.stringify(value, undefined, unit).replaceAll('\n', lineEnd + indentation)
}

function startFile(comments: string, content: JsonObject): string {
  const lineEnd = lineEndOf(comments)
  const before = comments.trim() === '' ? '' : comments.trimEnd() + lineEnd
  return before + stringify(content, { unit: '  ', lineEnd }, '') + lineEnd
}

function replaceValue(text: string, root: Node, { offset, children }: Node, entry: JsonObject): string {
  const value = children?.[1]
  if (value === undefined) throw troubleAt(text, offset, 'a value is missing')
  const style = isFirstOfLine(text, offset) ? readStyle(text, root) : { unit: '', lineEnd: '' }
  return splice(text, value.offset, endOf(value), stringify(entry, style, indentationAt(text, offset)))
}

function isFirstOfLine(text: string, offset: number): boolean {
  return text.slice(startOfLine(text, offset), offset).trim() === ''
}

function insertProperty(text: string, root: Node, object: Node, name: string, value: unknown): string {
  const style = readStyle(text, root)
  const last = object.children?.at(-1)
  return last === undefined
    ? insertFirst(text, style, object, name, value)
    : insertAfter(text, style, object, last, name, value)
}

function insertFirst(text: string, style: Style, object: Node, name: string, value: unknown): string {
  const close = endOf(object) - 1
  if (style.unit === '') return splice(text, close, close, `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  const outer = indentationAt(text, object.offset)
  const inner = outer + style.unit
  const kept = text.slice(object.offset + 1, close).trimEnd()
  const written = `${JSON.stringify(name)}: ${stringify(value, style, inner)}`
  const body = [kept, inner + written, outer].join(style.lineEnd)
  return splice(text, object.offset + 1, close, body)
}

function insertAfter(
  text: string,
  style: Style,
  object: Node,
  last: Node,
  name: string,
  value: unknown,
): string {
  const { comma, lineEnds } = readTail(text, endOf(last), endOf(object) - 1)
  const isOneLine = !text.slice(object.offset, last.offset).includes('\n')
  const gap = style.unit === '' ? '' : ' '
  const indentation = indentationAt(text, last.offset)
  const written = isOneLine
    ? `${gap}${JSON.stringify(name)}:${gap}${JSON.stringify(value)}`
    : `${style.lineEnd}${indentation}${JSON.stringify(name)}: ${stringify(value, style, indentation)}`
  const place = isOneLine ? (comma ?? endOf(last)) : lineEnds
  if (comma !== undefined) return splice(text, place, place, `${written},`)
  return splice(splice(text, place, place, written), endOf(last), endOf(last), ',')
}

/** What follows a property: the end of its comma, and the end of what belongs to its line, comments included. */
function readTail(text: string, start: number, end: number): { comma: number | undefined; lineEnds: number } {
  const scanner = createScanner(text.slice(start, end))
  let comma: number | undefined
  let lineEnds = start
  let isSameLine = true
  for (let token = scanner.scan(); token !== endOfText; token = scanner.scan()) {
    const tokenEnd = start + scanner.getTokenOffset() + scanner.getTokenLength()
    if (token === lineBreak) isSameLine = false
    if (token === commaToken) comma = tokenEnd
    const isOfLine = isSameLine && token !== blank && token !== lineBreak
    if (isOfLine || token === commaToken) lineEnds = tokenEnd
  }
  return { comma, lineEnds }
}

function removeProperty(text: string, object: Node, name: string): string {
  const properties = object.children ?? []
  const property = propertyOf(object, name)
  if (property === undefined) return text
  const index = properties.indexOf(property)
  const previous = properties[index - 1]
  const next = properties[index + 1]
  if (next === undefined && previous === undefined) return removeOnly(text, object, property)
  const end = next?.offset ?? endOf(object) - 1
  const { comma, lineEnds } = readTail(text, endOf(property), end)
  const ending = isFirstOfLine(text, property.offset) ? lineEnds : (comma ?? endOf(property))
  if (next !== undefined || comma !== undefined) return cut(text, property, ending)
  const before = previous === undefined ? undefined : readTail(text, endOf(previous), property.offset).comma
  const without = cut(text, property, ending)
  return before === undefined ? without : splice(without, before - 1, before, '')
}

/** An object without any other content is left as `{}`. */
function removeOnly(text: string, object: Node, property: Node): string {
  const { comma } = readTail(text, endOf(property), endOf(object) - 1)
  const rest = cut(text, property, comma ?? endOf(property))
  const close = endOf(object) - 1 - (text.length - rest.length)
  const isEmpty = rest.slice(object.offset + 1, close).trim() === ''
  return isEmpty ? splice(rest, object.offset + 1, close, '') : rest
}

/** Takes out what stands between the end of the line before and `end`, or in a line with others just itself. */
function cut(text: string, property: Node, end: number): string {
  const before = text.slice(0, property.offset)
  const kept = isFirstOfLine(text, property.offset) ? before.replace(/\r?\n[ \t]*$/, '') : before.trimEnd()
  return kept + text.slice(end)
}
