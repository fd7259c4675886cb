import { isDeepStrictEqual } from 'node:util'
import { asObject, isObject, type JsonObject } from '../json-object.ts'
import type { Client } from './client.ts'
import { type EntryPlace, FormatTrouble } from './formats/format.ts'
import { formats } from './formats/formats.ts'

/**
 * The entries of one client's configuration as text. Reading and editing throw FormatTrouble; an edit that would
 * change the meaning of anything but the entry is refused the same way.
 */
export interface EntryText {
  entries(text: string): ReadonlyMap<string, unknown>
  hasContainer(text: string): boolean
  write(text: string, key: string, entry: JsonObject): string
  remove(text: string, key: string, options: { dropContainer: boolean }): string
  /** Nothing in it but what a file of ours begins with. */
  isVacant(text: string): boolean
  /** What a person would paste. */
  snippet(key: string, entry: JsonObject): string
}

export function createEntryText({ format: name, at, template = '' }: Client): EntryText {
  const format = formats[name]
  const parse = (text: string) => format.parse(withoutMark(text))

  function write(text: string, key: string, entry: JsonObject): string {
    const start = withoutMark(text).trim() === '' ? text + template : text
    const after = markOf(text) + format.write(withoutMark(start), at, key, entry)
    requireOnlyThisEntryChanged(parse(start), after, key, entry)
    return after
  }

  function remove(text: string, key: string, options: { dropContainer: boolean }): string {
    const after = markOf(text) + format.remove(withoutMark(text), at, key, options)
    requireOnlyThisEntryChanged(parse(text), after, key, undefined)
    return after
  }

  function requireOnlyThisEntryChanged(before: JsonObject, text: string, key: string, entry: unknown): void {
    const after = parseEdited(text)
    const isSame = isDeepStrictEqual(withoutEntry(before, at, key), withoutEntry(after, at, key))
    if (!isSame || !isDeepStrictEqual(readEntries(after, at).get(key), entry)) throw uneditable()
  }

  /** What is wrong with a text that was never written has its places nowhere in the file. */
  function parseEdited(text: string): JsonObject {
    try {
      return parse(text)
    } catch (cause) {
      throw uneditable(cause)
    }
  }

  return {
    entries: (text) => readEntries(parse(text), at),
    hasContainer: (text) => parse(text)[at.container] !== undefined,
    write,
    remove,
    isVacant: (text) => isDeepStrictEqual(withoutEntry(parse(text), at, ''), format.parse(template)),
    snippet: (key, entry) => format.write('', at, key, entry),
  }
}

function uneditable(cause?: unknown): FormatTrouble {
  return new FormatTrouble('it is laid out in a way that cannot be edited safely', { cause })
}

const mark = '\ufeff'
const markOf = (text: string) => (text.startsWith(mark) ? mark : '')
const withoutMark = (text: string) => (text.startsWith(mark) ? text.slice(1) : text)

function readEntries(root: JsonObject, { container, isList }: EntryPlace): ReadonlyMap<string, unknown> {
  const value = root[container]
  if (isList !== true) return new Map(Object.entries(asObject(value) ?? {}))
  const items: unknown[] = Array.isArray(value) ? value : []
  return new Map(
    items.flatMap((item) => (isObject(item) && typeof item.name === 'string' ? [[item.name, item]] : [])),
  )
}

/** The rest of a configuration; a container without any other entry counts as none. */
function withoutEntry(root: JsonObject, { container, isList }: EntryPlace, key: string): JsonObject {
  const { [container]: value, ...rest } = root
  const others: unknown[] | JsonObject =
    isList === true
      ? (Array.isArray(value) ? value : []).filter((item) => asObject(item)?.name !== key)
      : Object.fromEntries(Object.entries(asObject(value) ?? {}).filter(([name]) => name !== key))
  return Object.keys(others).length === 0 ? rest : { ...rest, [container]: others }
}
