import { GatewayError } from '../model/error.ts'
import { readText, type TextFormat } from './read-text.ts'

/** A server as a client's configuration names it, not read further. */
export interface FoundServer {
  /** As it stands there. */
  name: string
  /** The keys that lead to it, and that somebody deletes. */
  path: readonly string[]
  entry: unknown
}

export interface ClientConfig {
  format: TextFormat
  servers: readonly FoundServer[]
}

type Fields = Record<string, unknown>

const MAX_SERVERS = 100

/**
 * Finds the servers in a client's whole configuration, or in the part of it with the servers. Which client's it is
 * shows in its keys. Throws `invalid_request` or `too_large`, and never quotes the text.
 */
export function findServers(text: string): ClientConfig {
  const { format, value } = readText(text)
  const root = asFields(value)
  if (root === undefined) throw noServers()
  const inProjects = fieldsOf(root.projects).flatMap(([project, each]) =>
    inContainers(each, ['projects', project]),
  )
  const named = [...inContainers(root, []), ...inProjects]
  const servers = named.length > 0 ? named : withoutContainer(root)
  if (servers.length === 0) throw noServers()
  if (servers.length > MAX_SERVERS) throw tooMany()
  return { format, servers }
}

/** Where clients keep servers, and nothing else. */
const CONTAINERS = [
  ['mcpServers'], // Claude, Cursor, Devin, Windsurf, Gemini, Cline, Junie, LM Studio, Kiro and most others
  ['servers'], // VS Code, Visual Studio
  ['mcp', 'servers'], // VS Code's settings.json of 2025
  ['context_servers'], // Zed
  ['mcp_servers'], // Codex
  ['amp.mcpServers'],
]

/** Where some clients keep servers, and others something else. */
const MIXED_CONTAINERS = [
  ['extensions'], // goose
  ['mcp'], // opencode, Kilo Code, Crush
]

function inContainers(root: Fields, before: readonly string[]): FoundServer[] {
  const sure = CONTAINERS.flatMap((path) => inContainer(root, path, before))
  const mixed = MIXED_CONTAINERS.flatMap((path) => inContainer(root, path, before))
  return [...sure, ...mixed.filter(({ entry }) => looksLikeServer(entry))]
}

function inContainer(root: Fields, path: readonly string[], before: readonly string[]): FoundServer[] {
  const container = path.reduce<unknown>((value, key) => ownField(asFields(value), key), root)
  const entries = Array.isArray(container) ? namedItems(container) : Object.entries(asFields(container) ?? {})
  return entries.map(([name, entry]) => ({ name, path: [...before, ...path, name], entry }))
}

/** Continue has a list, whose items carry their names. */
function namedItems(items: readonly unknown[]): [string, unknown][] {
  return items.map((item, index) => {
    const name = ownField(asFields(item), 'name')
    return [typeof name === 'string' ? name : String(index + 1), item]
  })
}

/** What is pasted out of a README: one server, or some by name. */
function withoutContainer(root: Fields): FoundServer[] {
  if (looksLikeServer(root)) return [{ name: '', path: [], entry: root }]
  return Object.entries(root)
    .filter(([, entry]) => looksLikeServer(entry))
    .map(([name, entry]) => ({ name, path: [name], entry }))
}

const SAYS_WHERE = ['command', 'cmd', 'url', 'serverUrl', 'httpUrl', 'uri']

function looksLikeServer(entry: unknown): boolean {
  const fields = asFields(entry)
  if (fields === undefined) return false
  return SAYS_WHERE.some((key) => Object.hasOwn(fields, key)) || fields.type === 'builtin'
}

function fieldsOf(value: unknown): [string, Fields][] {
  return Object.entries(asFields(value) ?? {}).flatMap(([key, inner]) => {
    const fields = asFields(inner)
    return fields === undefined ? [] : [[key, fields]]
  })
}

function asFields(value: unknown): Fields | undefined {
  // The cast: an object that is no list has text for keys.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

function ownField(fields: Fields | undefined, key: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, key) ? fields[key] : undefined
}

function noServers(): GatewayError {
  return new GatewayError('invalid_request', 'The text names no MCP servers.', {
    fix: 'Paste a client\'s whole configuration, or its part such as "mcpServers", "servers", "context_servers" or [mcp_servers.…].',
  })
}

function tooMany(): GatewayError {
  return new GatewayError('too_large', `The text names more than ${MAX_SERVERS} servers.`, {
    fix: 'Import it in parts.',
  })
}
