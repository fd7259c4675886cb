import { parse } from '@decimalturn/toml-patch'
import { asObject, isObject, type JsonObject } from '../../json-object.ts'
import { endOfLine, type Format, FormatTrouble, lineEndOf, splice } from './format.ts'

/** TOML. The entry is a table of its own at the end of the file, which disturbs nothing before it. */
export const toml: Format = {
  parse(text) {
    try {
      return asObject(withPrototypes(parse(text))) ?? {}
    } catch (error) {
      throw new FormatTrouble(readableTrouble(error), { cause: error })
    }
  },

  write(text, { container, ...place }, key, entry) {
    const rest = this.remove(text, { container, ...place }, key, { dropContainer: false })
    const lineEnd = lineEndOf(text)
    const lines = Object.entries(entry).map(([name, value]) => `${nameText(name)} = ${valueText(value)}`)
    const table = [`[${nameText(container)}.${nameText(key)}]`, ...lines, ''].join(lineEnd)
    if (rest.trim() === '') return rest + table
    const missingEnd = rest.endsWith('\n') ? '' : lineEnd
    const hasBlankLine = /(^|\n)\r?\n$/.test(rest)
    return rest + missingEnd + (hasBlankLine ? '' : lineEnd) + table
  },

  remove(text, { container }, key) {
    let rest = text
    for (let tables = findTables(rest, container, key); tables.length > 0; ) {
      const [{ start, end } = { start: 0, end: 0 }] = tables
      rest = splice(rest, start, end, '')
      tables = findTables(rest, container, key)
    }
    return rest
  },
}

/** The parser's objects have no prototype, which makes them unequal to any other. */
function withPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPrototypes)
  if (!isObject(value) || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withPrototypes(inner)]))
}

/** Where it is broken, and no more: the parser's message quotes the file, which may hold secrets. */
function readableTrouble(error: unknown): string {
  const place = /\((\d+), (\d+)\)/.exec(error instanceof Error ? error.message : '')
  const where = place === null ? '' : ` in line ${place[1]}, column ${place[2]}`
  return `it is not valid TOML${where}`
}

/** The tables of an entry with the blank line before each, up to their last line with a value. */
function findTables(text: string, container: string, key: string): { start: number; end: number }[] {
  const name = (word: string) => `(?:${word}|"${word}"|'${word}')`
  const header = new RegExp(
    `^[ \\t]*\\[[ \\t]*${name(container)}[ \\t]*\\.[ \\t]*${name(key)}[ \\t]*[.\\]]`,
    'gm',
  )
  return [...text.matchAll(header)].map(({ index }) => {
    const body = endOfLine(text, index)
    const next = /^[ \t]*\[/m.exec(text.slice(body))
    const region = text.slice(index, next === null ? text.length : body + next.index)
    const blank = /(?<=\n)\r?\n$/.exec(text.slice(0, index))?.[0].length ?? 0
    return { start: index - blank, end: index + withoutTail(region).length }
  })
}

/** Comments and blank lines before the next table belong to that one. */
function withoutTail(region: string): string {
  return region.replace(/(?<=\n)(?:[ \t]*(?:#[^\n]*)?(?:\n|$))+$/, '')
}

function nameText(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (isObject(value) && !(value instanceof Date)) return inlineTable(value)
  throw new FormatTrouble('the entry holds a value that cannot be kept')
}

function inlineTable(value: JsonObject): string {
  const pairs = Object.entries(value).map(([name, inner]) => `${nameText(name)} = ${valueText(inner)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}
