import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { asObject, asString } from '../json-object.ts'
import { nearestName } from './nearest-name.ts'
import { readApi } from './read-api.ts'

const toolSchema = z.object({
  name: z.string(),
  server: z.string(),
  tool: z.string(),
  definition: z.record(z.string(), z.unknown()),
})

const pageSchema = z.object({ items: z.array(toolSchema), nextCursor: z.optional(z.string()) })

/** A tool as this token sees it: the name to call it by, its server and its name there, and what the server says of it. */
export type WorkspaceTool = z.infer<typeof toolSchema>

/** All tools of the workspace. From the admin API and not `tools/list`, which does not say whose a tool is. */
export async function fetchTools(access: Access): Promise<WorkspaceTool[]> {
  const tools: WorkspaceTool[] = []
  let cursor: string | undefined
  do {
    const query: string = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`
    const page = await readApi(access, `/tools${query}`, pageSchema)
    tools.push(...page.items)
    cursor = page.items.length === 0 ? undefined : page.nextCursor
  } while (cursor !== undefined)
  return tools
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
