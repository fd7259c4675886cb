import { z } from 'zod'
import { dataUrl, type FunctionResult, type ResultPart } from '../function-result.ts'
import { openAiFunction } from '../parameters.ts'
import { readText } from '../read-text.ts'
import type { Format } from './format.ts'
import { name, read } from './read.ts'

const output = z.array(z.looseObject({ type: z.string().optional() }), 'must be a list')
const functionCall = z.looseObject({ call_id: name, name, arguments: z.string('must be a text') })

/** OpenAI's Responses: flat tools, `function_call` items, `function_call_output` items. */
export const responses: Format = {
  name: 'responses',
  maxTools: 128,
  tool: (tool) => ({ type: 'function', ...openAiFunction(tool) }),
  toolList: (tools) => `[${tools.join()}]`,
  calls(body) {
    if (body.output === undefined) return undefined
    return read(output, body.output, 'output').flatMap((item, at) => {
      // Among them are messages, reasoning, and calls of tools of others.
      if (item.type !== 'function_call') return []
      const { call_id, name, arguments: text } = read(functionCall, item, `output.${at}`)
      return [{ id: call_id, name, arguments: text }]
    })
  },
  result: (result) => ({
    type: 'function_call_output',
    call_id: result.call.id,
    output: outputOf(result),
  }),
  opening: '"input":[',
}

/** A text where text is all there is: every model takes that. */
function outputOf(result: FunctionResult): string | object[] {
  if (result.parts.every(({ kind }) => kind === 'text')) return readText(result)
  const parts = result.parts.map(contentOf)
  return result.isError ? [{ type: 'input_text', text: 'Error:' }, ...parts] : parts
}

function contentOf(part: ResultPart): object {
  if (part.kind === 'text') return { type: 'input_text', text: part.text }
  if (part.kind === 'image') return { type: 'input_image', image_url: dataUrl(part), detail: 'auto' }
  return { type: 'input_file', filename: part.name, file_data: dataUrl(part) }
}
