import { z } from 'zod'
import { inWorkspace } from './operation.ts'
import { MAX_PAGE, pageByName, pageOf, pageQuery } from './paging.ts'

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
