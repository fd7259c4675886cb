import { z } from 'zod'
import type { OfferedTool } from '../model/inspector.ts'
import { inWorkspace } from './operation.ts'
import { MAX_PAGE, mapPage, pageByName, pageOf, pageQuery } from './paging.ts'
import { requireServer } from './servers.ts'

const toolAnswer = z.strictObject({
  name: z.string(),
  server: z.string(),
  tool: z.string(),
  definition: z.record(z.string(), z.unknown()),
})

export const listTools = inWorkspace({
  name: 'tool.list',
  summary: 'The tools of a workspace, as your token sees them',
  action: 'tool.use',
  recorded: false,
  input: pageQuery(MAX_PAGE),
  answer: pageOf(toolAnswer),
  async run({ manage, principal, workspace }, _where, query) {
    return pageByName(await manage.inspector.tools(principal, workspace.id), query)
  },
})

const offeredToolAnswer = z.strictObject({
  tool: z.string(),
  shownAs: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  readOnly: z.boolean(),
  destructive: z.boolean(),
  /** `off`: left out by the server's selection; `held`: its definition has changed and waits for approval. */
  state: z.enum(['shown', 'off', 'held']),
  /** It is off because it needs tasks, which are not carried on: selecting it would change nothing. */
  needsTasks: z.literal(true).exactOptional(),
  definition: z.record(z.string(), z.unknown()),
})

export const listServerTools = inWorkspace({
  name: 'server.tools',
  summary: 'Every tool that a server offers, also those that are switched off or held back',
  action: 'server.write',
  recorded: false,
  input: pageQuery(MAX_PAGE),
  answer: pageOf(offeredToolAnswer),
  async run(scene, where: { workspace: string; server: string }, query) {
    const tools = await scene.manage.inspector.offeredTools(await requireServer(scene, where))
    const named = tools.map((tool) => ({ ...tool, name: tool.tool }))
    return mapPage(pageByName(named, query), describeOffered)
  },
})

function describeOffered({
  tool,
  shownAs,
  state,
  needsTasks,
  definition,
}: OfferedTool): z.output<typeof offeredToolAnswer> {
  const { title, readOnlyHint, destructiveHint } = objectOrNone(definition.annotations)
  const readOnly = readOnlyHint === true
  return {
    tool,
    shownAs,
    title: textOrNull(definition.title) ?? textOrNull(title),
    description: textOrNull(definition.description),
    readOnly,
    // Whoever says nothing may destroy (specification, tool annotations).
    destructive: !readOnly && destructiveHint !== false,
    state,
    ...(needsTasks && { needsTasks }),
    definition,
  }
}

function objectOrNone(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
