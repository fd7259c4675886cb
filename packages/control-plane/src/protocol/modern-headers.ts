import type { RpcRequest } from './message.ts'
import { META } from './modern-envelope.ts'
import { MODERN_REVISION } from './revisions.ts'
import { RPC, RpcError } from './rpc-error.ts'

/**
 * The headers that mirror a modern request's body (specification, basic/transports/streamable-http of 2026-07-28).
 * Whoever reads the body must refuse a message whose headers disagree: otherwise a filter in front of us could be
 * shown one call while another one runs.
 */
type HeaderReader = (name: string) => string | undefined

/** Throws RpcError `headerMismatch` unless the header names the revision that the body names, if it names one. */
export function checkRevisionHeader(request: RpcRequest, header: HeaderReader): void {
  const named = request.params?._meta?.[META.protocolVersion]
  if (named !== undefined) requireEqual('MCP-Protocol-Version', header('mcp-protocol-version'), named)
}

/** Throws RpcError `headerMismatch` unless the other standard headers say what the body says. */
export function checkStandardHeaders(request: RpcRequest, header: HeaderReader): void {
  requireEqual('Mcp-Method', header('mcp-method'), request.method)
  const name = mirroredName(request)
  if (name !== undefined) requireEqual('Mcp-Name', decodeHeader(header('mcp-name')), name)
}

function requireEqual(header: string, value: string | undefined, expected: unknown): void {
  if (value === expected) return
  const problem = value === undefined ? 'is missing' : 'does not match the body'
  throw new RpcError(RPC.headerMismatch, `The header ${header} ${problem}.`)
}

function mirroredName({ method, params }: RpcRequest): string | undefined {
  const value = method === 'resources/read' ? params?.uri : NAMED.has(method) ? params?.name : undefined
  return typeof value === 'string' ? value : undefined
}

const NAMED = new Set(['tools/call', 'prompts/get'])
const SENTINEL = /^=\?base64\?(.*)\?=$/s
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Throws RpcError `headerMismatch` for base64 that is none: lenient decoders could read it in different ways. */
function decodeHeader(value: string | undefined): string | undefined {
  const encoded = value === undefined ? undefined : SENTINEL.exec(value)?.[1]
  if (encoded === undefined) return value
  const decoded = Buffer.from(encoded, 'base64')
  if (decoded.toString('base64') === encoded) return decoded.toString()
  throw new RpcError(RPC.headerMismatch, 'A header announces base64 and is not.')
}

function encodeHeader(value: string): string {
  if (PLAIN.test(value) && !SENTINEL.test(value)) return value
  return `=?base64?${Buffer.from(value).toString('base64')}?=`
}

/** The standard headers for a request that goes to a modern server. */
export function standardHeaders(request: RpcRequest): Record<string, string> {
  const headers: Record<string, string> = {
    'mcp-protocol-version': MODERN_REVISION,
    'mcp-method': request.method,
  }
  const name = mirroredName(request)
  if (name !== undefined) headers['mcp-name'] = encodeHeader(name)
  return headers
}

/** One `x-mcp-header` annotation of a tool: the header's name and where its value stands in the arguments. */
export interface ParamHeader {
  /** Lower case, with the `mcp-param-` prefix. */
  header: string
  path: string[]
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const ANNOTATED_TYPES = new Set(['string', 'integer', 'boolean'])

/** The annotations of a tool's input schema that are valid; only those reachable through `properties` count. */
export function paramHeadersOf(inputSchema: unknown): ParamHeader[] {
  const found: ParamHeader[] = []
  collect(inputSchema, [], found)
  return found
}

function collect(schema: unknown, path: string[], found: ParamHeader[]): void {
  if (!isRecord(schema) || path.length > 16) return
  const name = schema['x-mcp-header']
  if (typeof name === 'string' && TOKEN.test(name) && ANNOTATED_TYPES.has(String(schema.type))) {
    found.push({ header: `mcp-param-${name.toLowerCase()}`, path })
  }
  if (!isRecord(schema.properties)) return
  for (const [key, value] of Object.entries(schema.properties)) collect(value, [...path, key], found)
}

/** The `Mcp-Param-*` headers for the final arguments; absent and null values have none. */
export function paramHeaders(declared: readonly ParamHeader[], args: unknown): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { header, path } of declared) {
    const value = valueAt(args, path)
    if (value !== undefined && value !== null) headers[header] = encodeHeader(textOf(value))
  }
  return headers
}

/** Throws RpcError `headerMismatch` unless every annotated argument is mirrored by its header. */
export function checkParamHeaders(
  declared: readonly ParamHeader[],
  args: unknown,
  header: HeaderReader,
): void {
  for (const { header: name, path } of declared) {
    const value = valueAt(args, path)
    const expected = value === undefined || value === null ? undefined : textOf(value)
    const actual = decodeHeader(header(name))
    if (actual !== expected && !equalNumbers(actual, value)) requireEqual(name, actual ?? undefined, expected)
  }
}

function equalNumbers(text: string | undefined, value: unknown): boolean {
  return typeof value === 'number' && text !== undefined && text.trim() !== '' && Number(text) === value
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
