import type { Route, ToolRoute } from '../aggregation/workspace-index.ts'
import { GATEWAY_INFO, type ListKind } from '../aggregation/workspace-view.ts'
import { type Params, type RpcRequest, resultBytes } from '../protocol/message.ts'
import { META } from '../protocol/modern-envelope.ts'
import { paramHeaders } from '../protocol/modern-headers.ts'
import { MODERN_REVISION } from '../protocol/revisions.ts'
import { RPC, RpcError } from '../protocol/rpc-error.ts'
import type { Answer, Caller, Link } from './caller.ts'
import { type GatewayContext, type HearRow, type Use, useServer } from './use-server.ts'
import type { WorkspaceRuntime } from './workspace-runtime.ts'

/** One request of an agent, with all that is needed to serve it. */
export interface Operation {
  runtime: WorkspaceRuntime
  caller: Caller
  request: RpcRequest
  link: Link
  /** Size of the request's body. */
  bytesIn: number
  recorded?: HearRow
  /** Why the arguments of a call cannot be sent, where the caller's dialect allows for such: what is answered then. */
  badArguments?: RpcError
}

type Serve = (context: GatewayContext, operation: Operation) => Promise<Answer>

/** What agents may ask, in both eras. */
const SERVED: Record<string, Serve> = {
  'tools/list': list('tools'),
  'tools/call': callTool,
  'prompts/list': list('prompts'),
  'prompts/get': getPrompt,
  'resources/list': list('resources'),
  'resources/templates/list': list('resourceTemplates'),
  'resources/read': readResource,
  'completion/complete': complete,
}

/** By method. A map, because a method may be called like something that every object has. */
export const OPERATIONS: ReadonlyMap<string, Serve> = new Map(Object.entries(SERVED))

function list(kind: ListKind): Serve {
  return async (_context, { runtime, caller, request }) => {
    const { cursor } = request.params ?? {}
    if (cursor !== undefined && typeof cursor !== 'string') throw badCursor()
    const preparing = runtime.preparing(caller)
    if (preparing !== undefined) await preparing
    const result = runtime.view(caller).list(kind, caller.era, cursor)
    if (result === undefined) throw badCursor()
    return { bytes: resultBytes(request.id, result) }
  }
}

function badCursor(): RpcError {
  return new RpcError(RPC.invalidParams, 'The cursor is not one of this list. List again from the beginning.')
}

/** Calls a tool by the name it is shown under. Leaves one row; rejects only when that cannot be written. */
export function callTool(context: GatewayContext, operation: Operation): Promise<Answer> {
  const { runtime, caller, request, badArguments } = operation
  const shown = requiredText(request, 'name')
  return useServer(context, {
    ...operation,
    shown,
    find: () => runtime.view(caller).tool(shown),
    exists: () => runtime.index(caller).tools.get(shown),
    hidden: () => runtime.hiddenTool(caller, shown),
    paramsFor({ own }) {
      if (badArguments !== undefined) throw badArguments
      return { ...request.params, name: own }
    },
    headersFor: (route) => mirroredArguments(route as ToolRoute, request.params),
    unknown: () => new RpcError(RPC.invalidParams, `Unknown tool: ${shown}`),
  })
}

/** Headers are made from the final arguments and never copied from the caller's. */
function mirroredArguments(
  { headers }: ToolRoute,
  params: Params | undefined,
): Record<string, string> | undefined {
  return headers.length === 0 ? undefined : paramHeaders(headers, params?.arguments)
}

function getPrompt(context: GatewayContext, operation: Operation): Promise<Answer> {
  const { runtime, caller, request } = operation
  const shown = requiredText(request, 'name')
  return useServer(context, {
    ...operation,
    shown,
    find: () => runtime.view(caller).prompt(shown),
    exists: () => runtime.index(caller).prompts.get(shown),
    paramsFor: ({ own }) => ({ ...request.params, name: own }),
    unknown: () => new RpcError(RPC.invalidParams, `Unknown prompt: ${shown}`),
  })
}

function readResource(context: GatewayContext, operation: Operation): Promise<Answer> {
  const { runtime, caller, request } = operation
  const shown = requiredText(request, 'uri')
  return useServer(context, {
    ...operation,
    shown,
    find: () => runtime.view(caller).resource(shown),
    exists: () => runtime.index(caller).resources.get(shown),
    paramsFor: ({ own }) => ({ ...request.params, uri: own }),
    unknown: () => unknownResource(caller, shown),
  })
}

/** The refusal of a URI in the caller's era. */
export function unknownResource({ era }: Caller, uri: string): RpcError {
  const code = era === 'modern' ? RPC.invalidParams : RPC.resourceNotFound
  return new RpcError(code, `Unknown resource: ${uri}`, { uri })
}

function complete(context: GatewayContext, operation: Operation): Promise<Answer> {
  const { runtime, caller, request } = operation
  const reference = (request.params?.ref ?? {}) as { type?: unknown; name?: unknown; uri?: unknown }
  const isPrompt = reference.type === 'ref/prompt'
  const shown = String((isPrompt ? reference.name : reference.uri) ?? '')
  const find = (): Route | undefined => {
    const view = runtime.view(caller)
    return isPrompt ? view.prompt(shown) : (view.template(shown) ?? view.resource(shown))
  }
  return useServer(context, {
    ...operation,
    shown,
    find,
    exists: () => (isPrompt ? runtime.index(caller).prompts.get(shown) : undefined),
    paramsFor: ({ own }) => ({
      ...request.params,
      ref: { ...reference, ...(isPrompt ? { name: own } : { uri: own }) },
    }),
    unknown: () => new RpcError(RPC.invalidParams, `Unknown ${isPrompt ? 'prompt' : 'resource'}: ${shown}`),
  } satisfies Use)
}

function requiredText({ method, params }: RpcRequest, name: string): string {
  const value = params?.[name]
  if (typeof value === 'string' && value !== '') return value
  throw new RpcError(RPC.invalidParams, `"${method}" needs params.${name}, a text.`)
}

/** What the gateway offers whatever servers a workspace has: they come and go while clients stay connected. */
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
}

/** The result of `initialize`, without its protocol version. */
export function introduce(runtime: WorkspaceRuntime, caller: Caller): Record<string, unknown> {
  return { capabilities: CAPABILITIES, serverInfo: GATEWAY_INFO, instructions: instructions(runtime, caller) }
}

/** The result of `server/discover`. */
export function discover(runtime: WorkspaceRuntime, caller: Caller): Record<string, unknown> {
  return {
    resultType: 'complete',
    supportedVersions: [MODERN_REVISION],
    capabilities: CAPABILITIES,
    instructions: instructions(runtime, caller),
    _meta: { [META.serverInfo]: GATEWAY_INFO },
    ttlMs: 0,
    cacheScope: 'private',
  }
}

/** Clients cut instructions: some at 512 characters, some at 2 kB. What must be read comes first. */
const MAX_INSTRUCTIONS = 2_000

function instructions(runtime: WorkspaceRuntime, caller: Caller): string {
  const servers = runtime.identities(caller)
  const names = servers.map(({ server }) => server.name).join(', ')
  const intro = `The workspace "${runtime.workspace.name}" joins these MCP servers: ${names || 'none yet'}. A tool's name begins with its server's.`
  const own = servers.flatMap(({ server, instructions: text }) => (text ? [`${server.name}: ${text}`] : []))
  return [intro, ...own].join('\n\n').slice(0, MAX_INSTRUCTIONS)
}
