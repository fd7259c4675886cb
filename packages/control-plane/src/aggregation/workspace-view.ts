import { hash } from 'node:crypto'
import type { Era, Server } from '../model/server.ts'
import { META } from '../protocol/modern-envelope.ts'
import type { Route, ToolRoute, WorkspaceIndex } from './workspace-index.ts'

/** More than the largest server known offers; a workspace beyond it is listed page by page. */
export const PAGE_SIZE = 1_000

export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

/** Whether a caller may see one thing, judged on the server and its own name for it. */
export type MaySee = (route: Pick<Route, 'server' | 'own' | 'readOnly' | 'heldBack'>) => boolean

/** A workspace as callers with the same rights see it. Lists are prepared once and kept as bytes. */
export interface WorkspaceView {
  tool(shown: string): ToolRoute | undefined
  prompt(shown: string): Route | undefined
  /** Also finds resources that only a template or a tool tells of. */
  resource(uri: string): Route | undefined
  template(uriTemplate: string): Route | undefined
  visibleTools(): ToolRoute[]
  /** The JSON of a list result; undefined for a cursor that was not handed out for this list. */
  list(kind: ListKind, era: Era, cursor: string | undefined): Buffer | undefined
  /** Differs whenever anything listed differs, on whatever page. Templates count as resources. */
  fingerprint(kind: Exclude<ListKind, 'resourceTemplates'>): string
}

export function createView(
  index: WorkspaceIndex,
  maySee: MaySee,
  resourceServers: readonly Server[],
): WorkspaceView {
  const prepared = new Map<string, Buffer>()
  const visible = <T extends Route>(route: T | undefined) =>
    route !== undefined && maySee(route) ? route : undefined

  function items(kind: ListKind): Route[] {
    const all = kind === 'resourceTemplates' ? index.templates : [...index[kind].values()]
    return all.filter(maySee)
  }

  function list(kind: ListKind, era: Era, cursor: string | undefined): Buffer | undefined {
    const key = `${kind} ${era} ${cursor ?? ''}`
    const known = prepared.get(key)
    if (known !== undefined) return known
    const listed = items(kind)
    const start = cursor === undefined || cursor === '' ? 0 : startAfter(listed, cursor)
    if (start === undefined) return undefined
    const page = preparePage(kind, era, listed, start)
    // Pages from anywhere else are rare, and as many as there are items: keeping them would fill the memory.
    if (start % PAGE_SIZE === 0) prepared.set(key, page)
    return page
  }

  function fingerprint(kind: Exclude<ListKind, 'resourceTemplates'>): string {
    const listed = kind === 'resources' ? [...items(kind), ...items('resourceTemplates')] : items(kind)
    return hash('sha256', JSON.stringify(listed.map(({ definition }) => definition)))
  }

  /** What is hidden is passed over as if it was not there, or a caller could tell the two apart. */
  function resource(uri: string): Route | undefined {
    const listed = visible(index.resources.get(uri)) ?? visible(index.linked.get(uri))
    return listed ?? fromTemplate(uri) ?? onlyServerWithResources(uri)
  }

  /** The rules are asked for the URI itself too: a template must not open what they deny by name. */
  function fromTemplate(uri: string): Route | undefined {
    const found = index.templates.find(
      (route) => route.matches(uri) && maySee(route) && maySee({ ...route, own: uri }),
    )
    return found && { ...found, shown: uri, own: uri }
  }

  /** Some servers read URIs that they list nowhere; with one candidate there is no doubt whose it is. */
  function onlyServerWithResources(uri: string): Route | undefined {
    const [server, ...others] = resourceServers
    if (server === undefined || others.length > 0) return undefined
    return visible({ shown: uri, server, own: uri, definition: { uri }, readOnly: true })
  }

  return {
    tool: (shown) => visible(index.tools.get(shown)),
    prompt: (shown) => visible(index.prompts.get(shown)),
    resource,
    template: (uriTemplate) => index.templates.find((route) => route.shown === uriTemplate && maySee(route)),
    visibleTools: () => [...index.tools.values()].filter(maySee),
    list,
    fingerprint,
  }
}

function preparePage(kind: ListKind, era: Era, items: Route[], start: number): Buffer {
  const page = items.slice(start, start + PAGE_SIZE)
  const last = page.at(-1)
  const more = start + PAGE_SIZE < items.length && last !== undefined
  const result: Record<string, unknown> = {
    ...(era === 'modern' && { resultType: 'complete' }),
    [kind]: page.map(({ definition }) => definition),
    ...(more && { nextCursor: cursorOf(last) }),
    // Lists are filtered by token, so nobody but the asker may keep them.
    ...(era === 'modern' && { ttlMs: 0, cacheScope: 'private', _meta: { [META.serverInfo]: GATEWAY_INFO } }),
  }
  return Buffer.from(JSON.stringify(result))
}

export const GATEWAY_INFO = { name: 'mcpgw', title: 'mcpgw', version: '0.1.0' }

/** Templates may be called alike, but not on one server. */
function placeOf({ server, shown }: Route): string {
  return `after ${server.name} ${shown}`
}

function cursorOf(route: Route): string {
  return Buffer.from(placeOf(route)).toString('base64url')
}

/** The place behind the item a cursor names: it stays right when other items come or go between two pages. */
function startAfter(items: readonly Route[], cursor: string): number | undefined {
  const place = Buffer.from(cursor, 'base64url').toString()
  // One text for one cursor: other spellings of the same bytes are not ours.
  const at = items.findIndex((item) => placeOf(item) === place && cursorOf(item) === cursor)
  return at === -1 ? undefined : at + 1
}
