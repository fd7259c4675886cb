import { z } from 'zod'
import { readText } from '../read-text.ts'
import type { Format } from './format.ts'
import { jsonObject, name, read } from './read.ts'

const parts = z.array(z.looseObject({ functionCall: z.unknown().optional() }), 'must be a list')
const functionCall = z.looseObject({ id: name.optional(), name, args: jsonObject.optional() })

/** Google's Gemini: `functionDeclarations`, `functionCall` parts, `functionResponse` parts. */
export const gemini: Format = {
  name: 'gemini',
  maxTools: 128,
  tool: ({ name, description, inputSchema }) => ({
    name,
    // Not optional there.
    description: description ?? name,
    // `parameters` takes a part of OpenAPI's schemas only; this one takes JSON Schema.
    parametersJsonSchema: inputSchema,
  }),
  toolList: (tools) => `[{"functionDeclarations":[${tools.join()}]}]`,
  calls(body) {
    if (body.parts === undefined) return undefined
    return read(parts, body.parts, 'parts').flatMap((part, at) => {
      if (part.functionCall === undefined) return []
      const { id, name, args = {} } = read(functionCall, part.functionCall, `parts.${at}.functionCall`)
      return [{ id: id ?? name, name, arguments: args }]
    })
  },
  result: (result) => {
    const { call, isError, parts, structured } = result
    const images = parts.flatMap((part) =>
      part.kind === 'text' ? [] : [{ inlineData: { mimeType: part.mimeType, data: part.data } }],
    )
    const told = isError
      ? { error: readText({ ...result, isError: false }) }
      : { output: structured ?? readText(result) }
    return {
      functionResponse: {
        ...(call.id !== call.name && { id: call.id }),
        name: call.name,
        response: told,
        ...(images.length > 0 && { parts: images }),
      },
    }
  },
  opening: '"role":"user","parts":[',
}
