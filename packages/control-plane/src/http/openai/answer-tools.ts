import { compilePattern } from '../../access/pattern.ts'
import type { ToolRoute } from '../../aggregation/workspace-index.ts'
import type { WorkspaceView } from '../../aggregation/workspace-view.ts'
import { GatewayError } from '../../model/error.ts'
import { sendJson } from '../workspace-door/send-json.ts'
import { callerOf } from './caller-of.ts'
import type { Exchange } from './door.ts'
import type { OpenAiDoorContext } from './door-context.ts'
import { FORMATS } from './formats/all.ts'
import type { Format } from './formats/format.ts'
import { refuse } from './refuse.ts'

/** Lists the tools that the token may call, as one model provider's API takes them. */
export async function answerTools(context: OpenAiDoorContext, exchange: Exchange): Promise<void> {
  const { principal, runtime, response, query } = exchange
  const format = formatOf(query)
  const matches = filterOf(query)
  const max = limitOf(query, format)
  const caller = callerOf(principal, format.name)
  context.clients.note(caller, runtime.workspace.id)
  await runtime.preparing(caller)
  const found = preparedTools(runtime.view(caller), format).filter(({ route }) => matches(route))
  if (found.length > max) return refuseMany(response, found, max)
  const tools = format.toolList(found.map(({ json }) => json))
  sendJson(response, 200, Buffer.from(`{"tools":${tools}}`))
  context.readers.watch(response)
}

function formatOf(query: URLSearchParams): Format {
  const wished = query.get('format') ?? 'chat'
  const format = FORMATS.find(({ name }) => name === wished)
  if (format !== undefined) return format
  const names = FORMATS.map(({ name }) => name).join(', ')
  throw new GatewayError('invalid_request', `There is no format "${wished.slice(0, 64)}".`, {
    fix: `Use one of ${names}.`,
  })
}

/** As many as the API takes, unless the caller knows better: some models take more. */
function limitOf(query: URLSearchParams, { maxTools = Number.POSITIVE_INFINITY }: Format): number {
  const wished = query.get('limit')
  if (wished === null) return maxTools
  if (wished === 'none') return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,5}$/.test(wished)) return Number(wished)
  throw new GatewayError('invalid_request', '"limit" is a number of tools, or "none".')
}

type Matches = (route: ToolRoute) => boolean

/** All of what is asked must hold. Patterns are those of token rules, in which `*` stands for any characters. */
function filterOf(query: URLSearchParams): Matches {
  const isOfServer = anyOf(query.get('servers'))
  const isTool = anyOf(query.get('tools'))
  const onlyReading = flagOf(query, 'readOnly')
  return ({ server, own, shown, readOnly }) =>
    (isOfServer === undefined || isOfServer(server.name)) &&
    (isTool === undefined || isTool(shown) || isTool(`${server.name}/${own}`)) &&
    (readOnly || !onlyReading)
}

/** More would only make a request slow that nobody means. */
const MAX_PATTERNS = 128

function anyOf(list: string | null): ((text: string) => boolean) | undefined {
  if (list === null) return undefined
  const patterns = list.split(',', MAX_PATTERNS).map((pattern) => compilePattern(pattern.trim()))
  return (text) => patterns.some((matches) => matches(text))
}

function flagOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  if (value === null || value === 'false') return false
  if (value === 'true') return true
  throw new GatewayError('invalid_request', `"${name}" is true or false.`)
}

interface PreparedTool {
  route: ToolRoute
  json: string
}

/** Written once for all who see the same, until something changes. */
const prepared = new WeakMap<WorkspaceView, Map<Format, PreparedTool[]>>()

function preparedTools(view: WorkspaceView, format: Format): PreparedTool[] {
  const byFormat = prepared.get(view) ?? new Map<Format, PreparedTool[]>()
  prepared.set(view, byFormat)
  const known = byFormat.get(format)
  if (known !== undefined) return known
  const tools = view.visibleTools().map((route) => ({ route, json: toolJson(route, format) }))
  byFormat.set(format, tools)
  return tools
}

function toolJson({ shown, definition }: ToolRoute, format: Format): string {
  const { description, title, inputSchema } = definition
  const told = description ?? title
  const tool = format.tool({
    name: shown,
    description: typeof told === 'string' && told !== '' ? told : undefined,
    // Lists are read by a schema before they get here: it is an object.
    inputSchema: inputSchema as Record<string, unknown>,
  })
  return JSON.stringify(tool)
}

/** Cut, the list would lack tools without a word; whole, the API would refuse the request in words of its own. */
function refuseMany(response: Exchange['response'], found: readonly PreparedTool[], max: number): void {
  const servers: Record<string, number> = {}
  for (const { route } of found) servers[route.server.name] = (servers[route.server.name] ?? 0) + 1
  const error = new GatewayError(
    'invalid_request',
    `These are ${found.length} tools, and one request takes ${max}.`,
    {
      fix: 'Choose some with ?servers=, ?tools= or ?readOnly=true, or use a token whose rules leave fewer. For a model that takes more, say ?limit=none.',
    },
  )
  refuse(response, error, { more: { tools: found.length, limit: max, servers } })
}
