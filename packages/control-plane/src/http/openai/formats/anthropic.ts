import { z } from 'zod'
import type { ResultPart } from '../function-result.ts'
import { withoutRootChoices } from '../parameters.ts'
import type { Format } from './format.ts'
import { jsonObject, name, read } from './read.ts'

const content = z.array(z.looseObject({ type: z.string().optional() }), 'must be a list')
const toolUse = z.looseObject({ id: name, name, input: jsonObject })

/** Anthropic's Messages: `input_schema`, `tool_use` blocks, `tool_result` blocks in a message of the user. */
export const anthropic: Format = {
  name: 'anthropic',
  maxTools: undefined,
  tool({ name, ...tool }) {
    const { description, inputSchema } = withoutRootChoices(tool)
    return { name, ...(description !== undefined && { description }), input_schema: inputSchema }
  },
  toolList: (tools) => `[${tools.join()}]`,
  calls(body) {
    if (body.content === undefined) return undefined
    return read(content, body.content, 'content').flatMap((block, at) => {
      if (block.type !== 'tool_use') return []
      const { id, name, input } = read(toolUse, block, `content.${at}`)
      return [{ id, name, arguments: input }]
    })
  },
  result: ({ call, isError, parts }) => ({
    type: 'tool_result',
    tool_use_id: call.id,
    content: parts.filter(isNotEmpty).map(contentOf),
    ...(isError && { is_error: true }),
  }),
  opening: '"role":"user","content":[',
}

/** This API refuses empty texts. */
function isNotEmpty(part: ResultPart): boolean {
  return part.kind !== 'text' || part.text.trim() !== ''
}

function contentOf(part: ResultPart): object {
  if (part.kind === 'text') return { type: 'text', text: part.text }
  const source = { type: 'base64', media_type: part.mimeType, data: part.data }
  return part.kind === 'image' ? { type: 'image', source } : { type: 'document', source, title: part.name }
}
