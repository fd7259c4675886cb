import { z } from 'zod'
import { documentText } from './api-place.ts'
import { inWorkspace } from './operation.ts'
import { openApiDocument } from './server-input.ts'

const operation = z.strictObject({
  operationId: z.string().exactOptional(),
  method: z.string(),
  path: z.string(),
  tags: z.array(z.string()),
  summary: z.string().exactOptional(),
  deprecated: z.boolean(),
  /** The tool it becomes. */
  tool: z.string(),
  readOnly: z.boolean(),
  destructive: z.boolean(),
  /** Sets of names of values, one of which is enough. */
  credentials: z.array(z.array(z.string())),
})

const credential = z.strictObject({
  name: z.string(),
  scheme: z.string(),
  type: z.enum(['apiKey', 'bearer', 'basic', 'oauth2', 'openIdConnect']),
  description: z.string().exactOptional(),
})

const reading = z.strictObject({
  title: z.string(),
  version: z.string(),
  openapi: z.string(),
  urls: z.array(z.string()),
  operations: z.array(operation),
  credentials: z.array(credential),
  leftOut: z.array(z.strictObject({ method: z.string(), path: z.string(), reason: z.string() })),
})

export const previewApi = inWorkspace({
  name: 'server.preview',
  summary: 'What the OpenAPI document of an HTTP API has to choose from; nothing is kept and nobody is asked',
  action: 'server.write',
  recorded: false,
  input: z.strictObject({ openapi: openApiDocument }),
  answer: reading,
  run: ({ manage }, _where: { workspace: string }, { openapi }) =>
    manage.readApi(documentText(openapi), undefined),
})
