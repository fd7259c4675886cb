import { z } from 'zod'

const parameter = z.strictObject({
  /** What the tool calls it. */
  argument: z.string(),
  /** What the API calls it. */
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean(),
  style: z.enum(['simple', 'label', 'matrix', 'form', 'spaceDelimited', 'pipeDelimited', 'deepObject']),
  explode: z.boolean(),
  /** Sent as JSON, whatever the style. */
  json: z.literal(true).exactOptional(),
})

const body = z.strictObject({
  argument: z.string(),
  required: z.boolean(),
  kind: z.enum(['json', 'form', 'multipart', 'text']),
  mediaType: z.string(),
})

/** Where a value of the credential goes. */
const placement = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('apiKey'),
    in: z.enum(['header', 'query', 'cookie']),
    name: z.string(),
    value: z.string(),
  }),
  z.strictObject({ kind: z.literal('bearer'), value: z.string() }),
  z.strictObject({ kind: z.literal('basic'), username: z.string(), password: z.string() }),
])

const tool = z.looseObject({
  name: z.string(),
  inputSchema: z.record(z.string(), z.unknown()),
  outputSchema: z.record(z.string(), z.unknown()).exactOptional(),
})

const operation = z.strictObject({
  /** As clients see it in `tools/list`. */
  tool,
  method: z.enum(['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD']),
  /** Below the base address; `{name}` is a parameter. */
  path: z.string(),
  parameters: z.array(parameter),
  body: body.exactOptional(),
  /** Of several ways to prove who calls, one is enough; each is everything it takes. Empty: none is needed. */
  security: z.array(z.array(placement)),
})

const plan = z.strictObject({
  title: z.string(),
  version: z.string(),
  operations: z.array(operation),
})

export type ApiParameter = z.output<typeof parameter>
export type ApiBody = z.output<typeof body>
export type Placement = z.output<typeof placement>
export type ApiOperation = z.output<typeof operation>

/**
 * What is kept of a document: its chosen operations, each as a tool and as the request that it becomes. Kept in this
 * form, definitions stay what was approved when a later version of this program reads documents differently.
 */
export type ApiPlan = z.output<typeof plan>

/** A plan as it was kept. Throws for a text that is none. */
export function parsePlan(text: string): ApiPlan {
  return plan.parse(JSON.parse(text))
}

/** The names of the credential's values that these placements take. */
export function valueNames(placements: readonly Placement[]): string[] {
  return placements.flatMap((each) => (each.kind === 'basic' ? [each.username, each.password] : [each.value]))
}
