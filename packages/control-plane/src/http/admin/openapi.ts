import { z } from 'zod'
import { BASE_PATH, ROUTES, type Route } from './routes.ts'

type Json = Record<string, unknown>

/** The API as OpenAPI 3.1, made from the same table and schemas that serve it. */
export function describeApi(version: string): Json {
  return {
    openapi: '3.1.0',
    info: { title: 'mcpgw admin API', version },
    servers: [{ url: BASE_PATH }],
    security: [{ token: [] }],
    paths: describePaths(),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: schemaOf(problemShape, 'output') },
      responses: {
        Problem: {
          description: 'Why it was refused or failed, and what to do about it',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

const problemShape = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  fix: z.string().optional(),
})

function describePaths(): Json {
  const paths: Record<string, Json> = {}
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) }
  }
  return paths
}

function describeRoute(route: Route): Json {
  const { operation, method } = route
  const input = schemaOf(operation.input, 'input')
  const hasBody = method !== 'GET' && JSON.stringify(input.properties) !== '{}'
  return {
    operationId: operation.name,
    summary: operation.summary,
    ...(operation.action === undefined ? {} : { 'x-mcpgw-action': operation.action }),
    parameters: [...pathParameters(route.path), ...(method === 'GET' ? queryParameters(input) : [])],
    ...(hasBody ? { requestBody: describeBody(operation.input, input) } : {}),
    responses: { ...describeAnswer(route), default: { $ref: '#/components/responses/Problem' } },
  }
}

/** An empty body counts as `{}`, so a body is required only where a field is. */
function describeBody(schema: z.ZodType, input: Json): Json {
  return { required: !schema.safeParse({}).success, content: { 'application/json': { schema: input } } }
}

function pathParameters(path: string): Json[] {
  const names = Array.from(path.matchAll(/:(\w+)/g), (match) => match[1])
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters(input: Json): Json[] {
  const properties = z.record(z.string(), z.unknown()).parse(input.properties ?? {})
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
}

function describeAnswer({ sends, operation }: Route): Json {
  if (sends === 'nothing') return { 204: { description: 'Done' } }
  if (sends === 'events') return { 200: { description: 'A stream', content: { 'text/event-stream': {} } } }
  if (sends === 'file') {
    return { 200: { description: 'A file', content: { 'application/jsonl': {}, 'text/csv': {} } } }
  }
  const content = { 'application/json': { schema: schemaOf(operation.answer, 'output') } }
  return sends === 'created'
    ? { 201: { description: 'Made', content } }
    : { 200: { description: 'Done', content } }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return described
}
