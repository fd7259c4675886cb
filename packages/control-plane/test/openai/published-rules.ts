/**
 * What OpenAI's documentation asks of requests with functions, written down apart from the gateway's own reading of it: the
 * model server of these tests refuses whatever breaks one of these rules, as the real one does.
 */
import { z } from 'zod'

const functionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)
const json = z.record(z.string(), z.unknown())

/** Of any function. */
const parameters = json.superRefine((schema, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message })
  if (schema.type !== 'object') refuse('schema must be a JSON Schema of type "object"')
  if (schema.properties === undefined) refuse('object schema missing properties')
  for (const keyword of ['oneOf', 'anyOf', 'allOf', 'enum', 'not'])
    if (keyword in schema) refuse(`schema must not have ${keyword} at the top level`)
  for (const place of arraysWithoutItems(schema)) refuse(`${place}: array schema missing items`)
})

function arraysWithoutItems(schema: unknown, place = '#'): string[] {
  if (Array.isArray(schema)) return schema.flatMap((one, at) => arraysWithoutItems(one, `${place}/${at}`))
  if (typeof schema !== 'object' || schema === null) return []
  const here = 'type' in schema && schema.type === 'array' && !('items' in schema) ? [place] : []
  const below = Object.entries(schema).flatMap(([key, value]) =>
    ['enum', 'const', 'default', 'examples'].includes(key)
      ? []
      : arraysWithoutItems(value, `${place}/${key}`),
  )
  return [...here, ...below]
}

const words = { title: z.string().optional(), description: z.string().optional() }
const scalar = z.strictObject({
  ...words,
  type: z.union([z.string(), z.array(z.string())]),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  pattern: z.string().optional(),
  format: z
    .enum(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'])
    .optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  multipleOf: z.number().optional(),
})
const strictObject = z
  .strictObject({
    ...words,
    type: z.union([z.literal('object'), z.tuple([z.literal('object'), z.literal('null')])]),
    properties: z.lazy(() => z.record(z.string(), strictSchema)),
    required: z.array(z.string()),
    additionalProperties: z.literal(false),
  })
  .refine(
    ({ properties, required }) =>
      JSON.stringify(Object.keys(properties).sort()) === JSON.stringify([...required].sort()),
    'required must have every key of properties',
  )
const strictArray = z.strictObject({
  ...words,
  type: z.union([z.literal('array'), z.tuple([z.literal('array'), z.literal('null')])]),
  items: z.lazy(() => strictSchema),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
})
const strictSchema: z.ZodType = z.lazy(() =>
  z.union([
    strictObject,
    strictArray,
    z.strictObject({ ...words, anyOf: z.array(strictSchema) }),
    z.strictObject({ ...words, $ref: z.string().startsWith('#') }),
    scalar,
  ]),
)
const strictRoot = json.superRefine(({ $schema: _, $defs, ...schema }, context) => {
  for (const one of [schema, ...Object.values($defs ?? {})]) {
    const found = strictSchema.safeParse(one)
    if (!found.success)
      context.addIssue({ code: 'custom', message: `not strict: ${z.prettifyError(found.error)}` })
  }
})

const described = {
  name: functionName,
  description: z.string().optional(),
  parameters,
  strict: z.boolean(),
}
const holdsStrict = (tool: { strict: boolean; parameters: unknown }) =>
  !tool.strict || strictRoot.safeParse(tool.parameters).success
const chatFunction = z.strictObject(described).refine(holdsStrict, 'strict, but its schema is not')
const responsesFunction = z
  .strictObject({ type: z.literal('function'), ...described })
  .refine(holdsStrict, 'strict, but its schema is not')
const mcpTool = z.strictObject({
  type: z.literal('mcp'),
  server_label: z.string(),
  server_url: z.url(),
  authorization: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  allowed_tools: z.array(z.string()).optional(),
  require_approval: z.literal('never'),
})

export type McpTool = z.infer<typeof mcpTool>

export const chatTools = z
  .array(z.strictObject({ type: z.literal('function'), function: chatFunction }))
  .max(128)
export const responsesTools = z.array(z.union([responsesFunction, mcpTool])).max(128)

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: functionName, arguments: z.string() }),
})
const userContent = z.union([z.string(), z.array(z.object({ type: z.enum(['text', 'image_url']) }))])
const chatMessage = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('user'), content: userContent }),
  z.looseObject({
    role: z.literal('assistant'),
    content: z.string().nullable().optional(),
    tool_calls: z.array(toolCall).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), content: z.string() }),
])

export const chatRequest = z
  .looseObject({
    model: z.string(),
    messages: z.array(chatMessage),
    tools: chatTools.optional(),
    stream: z.boolean().optional(),
  })
  .refine(
    ({ messages }) => areAnswered(messages),
    'tool_calls must be followed by tool messages for each of them',
  )

/** The messages of the role `tool` behind a message with calls are about these calls, each once. */
function areAnswered(messages: z.infer<typeof chatMessage>[]): boolean {
  return messages.every((message, at) => {
    if (message.role !== 'assistant' || message.tool_calls === undefined) return true
    const wanted = message.tool_calls.map(({ id }) => id)
    const given = messages.slice(at + 1, at + 1 + wanted.length)
    const ids = given.map((one) => (one.role === 'tool' ? one.tool_call_id : ''))
    return JSON.stringify(wanted.toSorted()) === JSON.stringify(ids.toSorted())
  })
}

const outputContent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string().startsWith('data:image/'),
    detail: z.enum(['auto', 'low', 'high']),
  }),
  z.strictObject({ type: z.literal('input_file'), filename: z.string(), file_data: z.string() }),
])
const functionCallOutput = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: z.string(),
  output: z.union([z.string(), z.array(outputContent)]),
})
const inputItem = z.union([
  functionCallOutput,
  z.looseObject({
    type: z.literal('function_call'),
    call_id: z.string(),
    name: functionName,
    arguments: z.string(),
  }),
  z.looseObject({ type: z.literal('message'), role: z.string() }),
  z.strictObject({ role: z.literal('user'), content: z.string() }),
])

export const responsesRequest = z
  .looseObject({
    model: z.string(),
    input: z.union([z.string(), z.array(inputItem)]),
    tools: responsesTools.optional(),
    stream: z.boolean().optional(),
  })
  .refine(({ input }) => {
    if (typeof input === 'string') return true
    const ids = (type: string) =>
      input.flatMap((item) => ('type' in item && item.type === type ? [String(item.call_id)] : []))
    return (
      JSON.stringify(ids('function_call').toSorted()) ===
      JSON.stringify(ids('function_call_output').toSorted())
    )
  }, 'No tool output found for function call')
