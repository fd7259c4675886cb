import type { JsonObject } from '../../json-object.ts'

/** Where in a configuration the entries of servers are. */
export interface EntryPlace {
  readonly container: string
  /** The container is a list of entries with a `name`, not a map of them by name. */
  readonly isList?: boolean
}

/**
 * Changes one entry in the text of a configuration and leaves every other character where it was. Texts have no byte
 * order mark. All methods throw FormatTrouble for a text they cannot read or a place they cannot edit.
 */
export interface Format {
  /** An empty text is an empty object. */
  parse(text: string): JsonObject
  /** Adds the entry, or puts it in the place of the one with its key. */
  write(text: string, place: EntryPlace, key: string, entry: JsonObject): string
  /** Removes the entry; `dropContainer` removes an emptied container too. */
  remove(text: string, place: EntryPlace, key: string, options: { dropContainer: boolean }): string
}

export class FormatTrouble extends Error {
  override readonly name = 'FormatTrouble'
}

export function troubleAt(text: string, offset: number, what: string): FormatTrouble {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  return new FormatTrouble(`${what} in line ${line}, column ${column}`)
}

export function lineEndOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n'
}

export function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

/** The place behind the line break that ends the line, or the end of the text. */
export function endOfLine(text: string, offset: number): number {
  const lineFeed = text.indexOf('\n', offset)
  return lineFeed < 0 ? text.length : lineFeed + 1
}

export function splice(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end)
}
