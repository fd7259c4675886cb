import { z } from 'zod'
import { dataUrl, type FunctionResult } from '../function-result.ts'
import { openAiFunction } from '../parameters.ts'
import { readText } from '../read-text.ts'
import type { Format } from './format.ts'
import { name, read } from './read.ts'

const toolCalls = z.array(
  z.looseObject({
    id: name,
    type: z.string().optional(),
    function: z.looseObject({ name, arguments: z.string('must be a text') }).optional(),
  }),
  'must be a list',
)

/** OpenAI's Chat Completions: `tools` with a nested `function`, `tool_calls`, messages of the role `tool`. */
export const chat: Format = {
  name: 'chat',
  maxTools: 128,
  tool: (tool) => ({ type: 'function', function: openAiFunction(tool) }),
  toolList: (tools) => `[${tools.join()}]`,
  calls({ tool_calls }) {
    if (tool_calls === undefined) return undefined
    return read(toolCalls, tool_calls, 'tool_calls').flatMap(({ id, function: called }) =>
      called === undefined ? [] : [{ id, name: called.name, arguments: called.arguments }],
    )
  },
  result: (result) => ({ role: 'tool', tool_call_id: result.call.id, content: readText(result) }),
  followUp: imageMessage,
  opening: '"messages":[',
}

/** Messages of the role `tool` take texts alone; a user's may have images. */
function imageMessage({ call, parts }: FunctionResult): Record<string, unknown> | undefined {
  const images = parts.flatMap((part) =>
    part.kind === 'image' ? [{ type: 'image_url', image_url: { url: dataUrl(part) } }] : [],
  )
  if (images.length === 0) return undefined
  const text = `What ${call.name} (${call.id}) answered with:`
  return { role: 'user', content: [{ type: 'text', text }, ...images] }
}
