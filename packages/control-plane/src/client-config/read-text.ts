import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { parse as parseToml, TomlError } from 'smol-toml'
import { parseDocument } from 'yaml'
import { GatewayError } from '../model/error.ts'

export type TextFormat = 'json' | 'toml' | 'yaml'

export interface ReadText {
  format: TextFormat
  value: unknown
}

const MIB = 1024 * 1024

// Claude Code keeps its history beside its servers, so JSON is long. The others have some kB, and take longer to read:
// as much of the worst kind
// as there is room for takes half a second.
const MAX_LENGTH: Record<TextFormat, number> = { json: MIB, toml: MIB / 8, yaml: MIB / 16 }

// Written by hand.
const MAX_WITH_COMMENTS = MIB / 4

/** The deepest that any client has is 7, a header below a project of Claude Code. */
const MAX_DEPTH = 64

/** Each alias of YAML can stand for the whole of what it names. */
const MAX_ALIASES = 50

/**
 * Reads JSON (with comments), TOML or YAML, told apart by what stands there. Throws `invalid_request` or `too_large`
 * and never quotes the text.
 */
export function readText(text: string): ReadText {
  const plain = text.replace(/^\ufeff/, '')
  const format = formatOf(plain)
  if (plain.length > MAX_LENGTH[format]) throw tooLong(format)
  const value = READERS[format](plain)
  requireShallow(value)
  return { format, value }
}

const NAMES: Record<TextFormat, string> = { json: 'JSON', toml: 'TOML', yaml: 'YAML' }

const READERS: Record<TextFormat, (text: string) => unknown> = {
  json: (text) => readJson(/^\s*"/.test(text) ? `{${text}}` : text),
  toml: readToml,
  yaml: readYaml,
}

/** A part of a file, such as `"mcpServers": { … }`, counts as JSON without its braces. */
function formatOf(text: string): TextFormat {
  if (/^\s*(?:\/[/*]|[{"])/.test(text)) return 'json'
  return /^[ \t]*(?:\[\[?[^[\]\n]+\]\]?[ \t]*(?:#.*)?$|[\w."-]+[ \t]*=)/m.test(text) ? 'toml' : 'yaml'
}

function readJson(text: string): unknown {
  try {
    // Ten times faster than reading it with comments, and the long ones have none.
    return JSON.parse(text)
  } catch {
    return readJsonWithComments(text)
  }
}

function readJsonWithComments(text: string): unknown {
  if (text.length > MAX_WITH_COMMENTS) throw unreadable('json')
  // The parser calls itself for each level.
  if (depthOfJson(text) > MAX_DEPTH) throw tooDeep()
  const mistakes: ParseError[] = []
  const root = parseTree(text, mistakes, { allowTrailingComma: true })
  const [first] = mistakes
  if (first !== undefined) throw unreadable('json', lineAt(text, first.offset), wordsFor(first))
  if (root === undefined) throw unreadable('json')
  return plainValue(root)
}

/** `CommaExpected` becomes "comma expected". */
function wordsFor({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

// The kinds of token: the library has them only as an ambient enum, which cannot be imported.
const OPENING = [1, 3]
const CLOSING = [2, 4]
const END = 17

function depthOfJson(text: string): number {
  const scanner = createScanner(text, true)
  let [depth, deepest] = [0, 0]
  for (let token = scanner.scan() as number; token !== END; token = scanner.scan()) {
    if (OPENING.includes(token)) depth += 1
    if (CLOSING.includes(token)) depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

/** The library's own objects take a key named `__proto__` for their prototype. */
function plainValue(node: Node): unknown {
  const { type, children = [], value } = node
  if (type === 'array') return children.map(plainValue)
  if (type !== 'object') return value
  return Object.fromEntries(
    children.flatMap(({ children: [key, inner] = [] }) =>
      key === undefined || inner === undefined ? [] : [[String(key.value), plainValue(inner)]],
    ),
  )
}

function readToml(text: string): unknown {
  try {
    return parseToml(text, { maxDepth: MAX_DEPTH })
  } catch (error) {
    // Its words quote the lines around.
    throw unreadable('toml', error instanceof TomlError ? error.line : undefined)
  }
}

function readYaml(text: string): unknown {
  try {
    // Looking for a key that is there twice compares each with all others.
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
    const [first] = document.errors
    if (first !== undefined) throw unreadable('yaml', lineAt(text, first.pos[0]))
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    // What nests too deeply ends the parser's own stack, and too many aliases are a ReferenceError.
    throw error instanceof GatewayError ? error : unreadable('yaml')
  }
}

/** Nothing behind this looks at a text that could change what objects are, or end the stack. */
function requireShallow(value: unknown): void {
  let level: object[] = isObject(value) ? [value] : []
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw tooDeep()
    for (const each of level) if (Object.hasOwn(each, '__proto__')) throw namesPrototype()
    level = [...new Set(level.flatMap((each) => Object.values(each).filter(isObject)))]
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

const PASTE_ALL = 'Paste the whole file as it is, or the part with the servers.'

function unreadable(format: TextFormat, line?: number, words?: string): GatewayError {
  const where =
    line === undefined ? '' : ` Line ${line} cannot be read${words === undefined ? '' : `: ${words}`}.`
  return new GatewayError('invalid_request', `The text is not ${NAMES[format]}.${where}`, { fix: PASTE_ALL })
}

function tooLong(format: TextFormat): GatewayError {
  const most = MAX_LENGTH[format] / 1024
  return new GatewayError('too_large', `The text is longer than ${most} KiB of ${NAMES[format]}.`, {
    fix: 'Paste only the part with the servers.',
  })
}

function tooDeep(): GatewayError {
  return new GatewayError('invalid_request', `The text is nested deeper than ${MAX_DEPTH} levels.`, {
    fix: 'Paste only the part with the servers.',
  })
}

function namesPrototype(): GatewayError {
  return new GatewayError('invalid_request', 'The text holds a key named "__proto__", which no client has.', {
    fix: 'Remove it and import again.',
  })
}
