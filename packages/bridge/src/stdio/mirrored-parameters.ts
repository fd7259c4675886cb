import { asObject, asString, isObject, type JsonObject } from '../json-object.ts'
import type { Headers } from './courier.ts'
import { encodeHeaderValue } from './header-value.ts'

/**
 * Tools can ask, by `x-mcp-header` in their input schema, that an argument is repeated as `Mcp-Param-…`.
 * Learns that from the lists passing by.
 */
export interface MirroredParameters {
  learn(listResult: JsonObject): void
  headersFor(tool: string | undefined, values: JsonObject | undefined): Headers
}

interface Mirror {
  readonly header: string
  readonly path: readonly string[]
}

export function createMirroredParameters(): MirroredParameters {
  const mirrorsByTool = new Map<string, readonly Mirror[]>()
  return {
    learn(listResult) {
      const tools = Array.isArray(listResult.tools) ? listResult.tools.filter(isObject) : []
      for (const tool of tools) {
        const name = asString(tool.name)
        if (name !== undefined) mirrorsByTool.set(name, findMirrors(tool.inputSchema, []))
      }
    },
    headersFor(tool, values) {
      const mirrors = (tool === undefined ? undefined : mirrorsByTool.get(tool)) ?? []
      const entries = mirrors.map(({ header, path }) => [header, headerText(valueAt(values, path))] as const)
      return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
    },
  }
}

/** Annotations count only where a chain of `properties` leads; the gateway drops tools that put them elsewhere. */
function findMirrors(schema: unknown, path: readonly string[]): Mirror[] {
  const node = asObject(schema)
  if (node === undefined) return []
  const name = asString(node['x-mcp-header'])
  const isToken = name !== undefined && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)
  const own = isToken && path.length > 0 ? [{ header: `mcp-param-${name.toLowerCase()}`, path }] : []
  const children = Object.entries(asObject(node.properties) ?? {})
  return [...own, ...children.flatMap(([key, child]) => findMirrors(child, [...path, key]))]
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => asObject(node)?.[key], values)
}

function headerText(value: unknown): string | undefined {
  if (typeof value === 'boolean' || (typeof value === 'number' && isExact(value))) return String(value)
  return typeof value === 'string' ? encodeHeaderValue(value) : undefined
}

/** An integer beyond 2^53 lost its last digits in parsing: a wrong header is worse than none. */
function isExact(value: number): boolean {
  return !Number.isInteger(value) || Number.isSafeInteger(value)
}
