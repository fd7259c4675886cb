import type { Server } from '../model/server.ts'
import { type ParamHeader, paramHeadersOf } from '../protocol/modern-headers.ts'
import { showNames } from './names.ts'
import { createUriMatcher } from './uri-matcher.ts'

type Definition = Record<string, unknown>

/** What one server offers, in its own names. */
export interface ServerOffer {
  server: Server
  tools: (Definition & { name: string })[]
  prompts: (Definition & { name: string })[]
  resources: (Definition & { uri: string })[]
  templates: (Definition & { uriTemplate: string })[]
  /** Tools that nobody may see or call; their names stay taken, so that none leads elsewhere meanwhile. */
  heldBack?: ReadonlySet<string>
}

/** Where something shown leads. */
export interface Route {
  /** The name or URI that callers use. */
  shown: string
  server: Server
  /** The server's own name or URI. */
  own: string
  /** As it is listed: the server's definition under the shown name. */
  definition: Definition
  readOnly: boolean
  /** Not for anybody until its definition is approved. */
  heldBack?: true
}

export interface ToolRoute extends Route {
  headers: readonly ParamHeader[]
}

export interface TemplateRoute extends Route {
  matches(uri: string): boolean
}

/** Everything a workspace offers to callers of one set of capabilities, before anyone's rules. */
export interface WorkspaceIndex {
  tools: ReadonlyMap<string, ToolRoute>
  prompts: ReadonlyMap<string, Route>
  resources: ReadonlyMap<string, Route>
  templates: readonly TemplateRoute[]
  /** Resources that tools point to without their being listed, by URI. */
  linked: ReadonlyMap<string, Route>
}

/** Builds the index. The order of servers and of their lists is kept. */
export function buildIndex(offers: readonly ServerOffer[]): WorkspaceIndex {
  const tools = toolRoutes(offers)
  return {
    tools,
    prompts: promptRoutes(offers),
    resources: resourceRoutes(offers),
    templates: templateRoutes(offers),
    linked: linkedRoutes(tools),
  }
}

function toolRoutes(offers: readonly ServerOffer[]): Map<string, ToolRoute> {
  const found = offers.flatMap(({ server, tools, heldBack }) =>
    withoutRepeats(tools, ({ name }) => name)
      .filter((tool) => isOffered(server, tool.name) && !needsTasks(tool))
      .map((tool) => ({ server, tool, isHeldBack: heldBack?.has(tool.name) === true })),
  )
  const shown = showNames(
    found.map(({ server, tool }) => ({ server: server.name, prefix: server.prefix, name: tool.name })),
  )
  return new Map(
    found.map(({ server, tool, isHeldBack }, at) => {
      const [name, route] = toolEntry(shown[at] ?? tool.name, server, tool)
      return [name, isHeldBack ? { ...route, heldBack: true } : route]
    }),
  )
}

function toolEntry(shown: string, server: Server, tool: Definition & { name: string }): [string, ToolRoute] {
  // Tasks of revision 2025-11-25 are not carried on, so nothing may promise them.
  const { execution: _, ...definition }: Definition = { ...tool, name: shown }
  const annotations = tool.annotations as { readOnlyHint?: unknown } | undefined
  return [
    shown,
    {
      shown,
      server,
      own: tool.name,
      definition,
      readOnly: annotations?.readOnlyHint === true,
      headers: paramHeadersOf(tool.inputSchema),
    },
  ]
}

/** Whether the server's own selection lets a tool through. */
export function isOffered({ tools: { allow, deny } }: Server, name: string): boolean {
  if (deny?.includes(name)) return false
  return allow === undefined || allow.includes(name)
}

export function needsTasks(tool: Definition): boolean {
  return (tool.execution as { taskSupport?: unknown } | undefined)?.taskSupport === 'required'
}

function promptRoutes(offers: readonly ServerOffer[]): Map<string, Route> {
  const found = offers.flatMap(({ server, prompts }) =>
    withoutRepeats(prompts, ({ name }) => name).map((prompt) => ({ server, prompt })),
  )
  const shown = showNames(
    found.map(({ server, prompt }) => ({ server: server.name, prefix: server.prefix, name: prompt.name })),
  )
  return new Map(
    found.map(({ server, prompt }, at) => {
      const name = shown[at] ?? prompt.name
      return [
        name,
        { shown: name, server, own: prompt.name, definition: { ...prompt, name }, readOnly: true },
      ]
    }),
  )
}

function resourceRoutes(offers: readonly ServerOffer[]): Map<string, Route> {
  const found = offers.flatMap(({ server, resources }) => resources.map((resource) => ({ server, resource })))
  const holders = new Map<string, Set<string>>()
  for (const { server, resource } of found) {
    holders.set(resource.uri, (holders.get(resource.uri) ?? new Set()).add(server.id))
  }
  return new Map(
    found.map(({ server, resource }) => {
      const isShared = (holders.get(resource.uri)?.size ?? 0) > 1
      const uri = isShared ? gatewayUri(server.name, resource.uri) : resource.uri
      return [
        uri,
        { shown: uri, server, own: resource.uri, definition: { ...resource, uri }, readOnly: true },
      ]
    }),
  )
}

/** Tells apart what two servers offer under one URI. */
function gatewayUri(server: string, uri: string): string {
  return `mcpgw://${server}/${encodeURIComponent(uri)}`
}

function templateRoutes(offers: readonly ServerOffer[]): TemplateRoute[] {
  return offers.flatMap(({ server, templates }) =>
    withoutRepeats(templates, ({ uriTemplate }) => uriTemplate).map((template) => ({
      shown: template.uriTemplate,
      server,
      own: template.uriTemplate,
      definition: template,
      readOnly: true,
      matches: createUriMatcher(template.uriTemplate),
    })),
  )
}

/** What a server lists twice under one name is one thing to whoever calls it; the last definition counts. */
export function withoutRepeats<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [nameOf(item), item])).values()]
}

/** MCP Apps: a tool's `_meta.ui.resourceUri` names a resource that need not be in any list. */
function linkedRoutes(tools: ReadonlyMap<string, ToolRoute>): Map<string, Route> {
  const linked = new Map<string, Route>()
  for (const { server, definition, heldBack } of tools.values()) {
    if (heldBack) continue
    const meta = definition._meta as
      | { ui?: { resourceUri?: unknown }; 'ui/resourceUri'?: unknown }
      | undefined
    const uri = meta?.ui?.resourceUri ?? meta?.['ui/resourceUri']
    if (typeof uri === 'string')
      linked.set(uri, { shown: uri, server, own: uri, definition: { uri }, readOnly: true })
  }
  return linked
}
