import { isRawNumber } from './json.ts'
import { META } from './modern-envelope.ts'

type Result = Record<string, unknown>

/** Methods whose modern results tell how long they may be kept. */
const CACHEABLE = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
])

/** A legacy server's result as a modern client expects it. */
export function toModernResult(method: string, result: Result): Result {
  const modern: Result = { resultType: 'complete', ...result }
  if (CACHEABLE.has(method)) Object.assign(modern, { ttlMs: 0, cacheScope: 'private' })
  return modern
}

/** A modern server's complete result as a legacy client expects it. */
export function toLegacyResult(method: string, result: Result): Result {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, _meta, ...legacy } = result
  const meta = withoutServerInfo(_meta)
  if (meta !== undefined) legacy._meta = meta
  return method === 'tools/call' ? withObjectContent(legacy) : legacy
}

function withoutServerInfo(meta: unknown): unknown {
  if (typeof meta !== 'object' || meta === null) return meta
  const { [META.serverInfo]: _, ...rest } = meta as Result
  return Object.keys(rest).length === 0 ? undefined : rest
}

/** Legacy revisions know only objects as structured content; anything else is told as text. */
function withObjectContent(result: Result): Result {
  const { structuredContent, ...rest } = result
  if (structuredContent === undefined || isObject(structuredContent)) return result
  const content = Array.isArray(rest.content) ? rest.content : []
  return { ...rest, content: [...content, { type: 'text', text: JSON.stringify(structuredContent) }] }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

/** Legacy code for an unknown resource, which modern revisions no longer use. */
export function toModernErrorCode(code: number): number {
  return code === -32002 ? -32602 : code
}
