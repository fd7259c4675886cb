import { createAdminApi } from '../api/admin-api.ts'
import type { ListedTool } from '../api/shapes.ts'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { asObject, asString } from '../json-object.ts'
import { nearestName } from './nearest-name.ts'

/** A tool as this token sees it: the name to call it by, its server and its name there, and what the server says of it. */
export type WorkspaceTool = ListedTool

/** All tools of the workspace. From the admin API and not `tools/list`, which does not say whose a tool is. */
export function fetchTools(access: Access): Promise<WorkspaceTool[]> {
  return createAdminApi(access).tools()
}

/** The tool of that name. Throws `tool_not_found` with the name that was probably meant. */
export function requireTool(tools: readonly WorkspaceTool[], name: string): WorkspaceTool {
  const found = tools.find((tool) => tool.name === name)
  if (found !== undefined) return found
  const byOwnName = tools.find(({ tool }) => tool === name)?.name
  const meant =
    byOwnName ??
    nearestName(
      name,
      tools.map((tool) => tool.name),
    )
  throw new BridgeError('tool_not_found', `There is no tool "${name}" for this token.`, {
    fix: meant === undefined ? 'See them all: mcpgw tools' : `Did you mean ${meant}?`,
  })
}

export function descriptionOf(tool: WorkspaceTool): string {
  return asString(tool.definition.description) ?? asString(tool.definition.title) ?? ''
}

/** What a server says of the tool's effects. Only what it says: a tool without a mark may do anything. */
export function marksOf(tool: WorkspaceTool): string {
  const annotations = asObject(tool.definition.annotations)
  if (annotations?.readOnlyHint === true) return 'read-only'
  return annotations?.destructiveHint === true ? 'destructive' : ''
}
