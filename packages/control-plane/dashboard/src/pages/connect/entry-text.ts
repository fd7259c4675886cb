export type Value = string | number | boolean | readonly string[] | { readonly [name: string]: Value }
export type Entry = { readonly [name: string]: Value }

/** Where in a client's configuration its servers are. */
export interface EntryPlace {
  readonly format: 'json' | 'toml' | 'yaml'
  /** The key under which they stand. */
  readonly container: string
  /** They are a list whose items carry their names, in place of an object of names. */
  readonly isList?: true
  /** What a file begins with when there is none. */
  readonly template?: string
}

/** A whole configuration with this one entry, as text to paste. */
export function entryText(
  { format, container, isList, template = '' }: EntryPlace,
  key: string,
  entry: Entry,
  beside: object = {},
): string {
  if (format === 'toml') return tomlTable(`${container}.${key}`, entry)
  if (format === 'json') return JSON.stringify({ [container]: { [key]: entry }, ...beside }, undefined, 2)
  const lines = isList ? asItem(yamlLines(entry)) : [`${key}:`, ...indented(yamlLines(entry))]
  return template + [`${container}:`, ...indented(lines)].join('\n')
}

function tomlTable(name: string, entry: Entry): string {
  return [`[${name}]`, ...Object.entries(entry).map(([key, value]) => `${key} = ${toml(value)}`)].join('\n')
}

function toml(value: Value): string {
  if (isList(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  const pairs = Object.entries(value).map(([key, inner]) => `${key} = ${toml(inner)}`)
  return `{ ${pairs.join(', ')} }`
}

function yamlLines(entry: Entry): string[] {
  return Object.entries(entry).flatMap(([key, value]) => {
    if (isList(value)) return [`${key}:`, ...indented(value.map((item) => `- ${yaml(item)}`))]
    if (typeof value === 'object') return [`${key}:`, ...indented(yamlLines(value))]
    return [`${key}: ${yaml(value)}`]
  })
}

// What none of its readers takes for anything but a text: no number, no indicator at the start, no ": " or " #" inside.
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off)$)[A-Za-z/-][\w@/.:=-]*$/i

function yaml(value: string | number | boolean): string {
  return typeof value === 'string' && (!PLAIN.test(value) || value.endsWith(':'))
    ? JSON.stringify(value)
    : String(value)
}

function asItem(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`))
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value)
}
