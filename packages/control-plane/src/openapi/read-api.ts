import { GatewayError } from '../model/error.ts'
import { ArgumentNames } from './argument-names.ts'
import { readDocument, serverUrls } from './document.ts'
import { isObject, type Json, listOf, member, objectsIn, textOr } from './json.ts'
import { LeftOut } from './left-out.ts'
import { MAX_OPERATIONS } from './limits.ts'
import { readParameters } from './parameters.ts'
import { type ApiOperation, type ApiPlan, valueNames } from './plan.ts'
import { createReferences, type References } from './references.ts'
import { readBody } from './request-body.ts'
import { createSchemas, type Schemas } from './schemas.ts'
import { type CredentialName, readSecurity, type Security } from './security.ts'
import { compileChoice, type OperationChoice, type Selectable } from './selection.ts'
import { toolNames } from './tool-name.ts'

/** All clients are handed all definitions: more than this of one server helps nobody. */
const MAX_PLAN_BYTES = 8 * 1024 * 1024
const MIB = 1024 * 1024

/**
 * What the definitions that one tool refers to may take. Some documents lead from each schema to all others: of many
 * tools, each gets less of that.
 */
function roomFor(tools: number): number {
  return Math.max(2_048, Math.min(32_768, (4 * MIB) / tools))
}

const MAX_DESCRIPTION = 4_000

/** An operation of the document, as people choose it. */
export interface OfferedOperation {
  operationId?: string
  method: string
  path: string
  tags: string[]
  summary?: string
  deprecated: boolean
  /** The tool it becomes, by its own name. */
  tool: string
  readOnly: boolean
  destructive: boolean
  /** Sets of names of the credential's values, one of which is enough; none where it is open. */
  credentials: string[][]
}

/** What a document says, for whoever chooses from it. */
export interface ApiReading {
  title: string
  version: string
  /** Of OpenAPI. */
  openapi: string
  /** Absolute addresses that the document gives, the first of which is the default. */
  urls: string[]
  operations: OfferedOperation[]
  credentials: CredentialName[]
  leftOut: { method: string; path: string; reason: string }[]
  /** Of the chosen operations, where any were asked for. */
  plan?: ApiPlan
}

/**
 * Reads a document, and makes a plan of the operations chosen from it. Throws `invalid_request` or `too_large`. Takes as
 * long as it takes: see `createApiReader` for who has others to serve.
 */
export function readApi(text: string, choice: OperationChoice | undefined): ApiReading {
  const document = readDocument(text)
  const context = contextOf(document)
  const found = operationsIn(document, context.references)
  if (found.length > MAX_OPERATIONS) throw tooManyOperations(found.length)
  const names = toolNames(found)
  const isChosen = choice === undefined ? () => false : compileChoice(choice)
  const room = roomFor(found.filter(isChosen).length)
  const reading: ApiReading = {
    title: textOr(member(document.info, 'title'), 'HTTP API').slice(0, 200),
    version: String(member(document.info, 'version') ?? '').slice(0, 100),
    openapi: String(document.openapi),
    urls: serverUrls(document).slice(0, 20),
    operations: [],
    credentials: context.security.names,
    leftOut: [],
  }
  const operations: ApiOperation[] = []
  for (const [at, one] of found.entries()) {
    const { method, path } = one
    try {
      const operation = readOperation(one, names[at] ?? '', { ...context, room })
      reading.operations.push(offered(one, operation))
      if (isChosen(one)) operations.push(operation)
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error
      reading.leftOut.push({ method, path, reason: error.message })
    }
  }
  if (choice === undefined) return reading
  return { ...reading, plan: requireRoom({ title: reading.title, version: reading.version, operations }) }
}

interface Context {
  references: References
  schemas: Schemas
  security: Security
}

function contextOf(document: Json): Context {
  const references = createReferences(document)
  return {
    references,
    schemas: createSchemas(references),
    security: readSecurity(document, references),
  }
}

interface FoundOperation extends Selectable {
  operation: Json
  shared: Json
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

function operationsIn(document: Json, references: References): FoundOperation[] {
  return objectsIn(document.paths).flatMap(([path, given]) => {
    const shared = pathItem(given, references)
    return METHODS.flatMap((method) => {
      const operation = member(shared, method)
      if (!isObject(operation)) return []
      const { operationId, tags } = operation
      return [
        {
          operation,
          shared,
          method: method.toUpperCase(),
          path,
          operationId: typeof operationId === 'string' && operationId !== '' ? operationId : undefined,
          tags: listOf(tags).filter((tag) => typeof tag === 'string'),
        },
      ]
    })
  })
}

function pathItem(given: Json, references: References): Json {
  try {
    const found = references.resolve(given)
    return isObject(found) ? found : {}
  } catch {
    return given
  }
}

const SENT_METHODS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'])
/** What a path may be made of beside its parameters (RFC 3986): nothing that would end it or lead out of it. */
const PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2}|\{[^{}/]+\})*$/

function readOperation(
  found: FoundOperation,
  name: string,
  context: Context & { room: number },
): ApiOperation {
  const { operation, shared, method, path } = found
  const { references, schemas, room } = context
  if (!SENT_METHODS.has(method)) throw new LeftOut(`${method} is not a method for tools.`)
  if (!PATH.test(path) || path.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part)))
    throw new LeftOut('Its path is not one that can be sent as it stands.')
  if (listOf(operation.servers ?? shared.servers).length > 0)
    throw new LeftOut('It is at an address of its own, and a server has one address.')
  const security = context.security.of(operation)
  if (security === undefined) throw new LeftOut('Its security scheme is not supported.')
  const names = new ArgumentNames()
  const parameters = readParameters(
    { path, shared: shared.parameters, own: operation.parameters },
    { references, security, names },
  )
  const body =
    method === 'GET' || method === 'HEAD' ? undefined : readBody(operation.requestBody, references, names)
  const inputs: Input[] = parameters.map(({ parameter, schema, description }) => ({
    argument: parameter.argument,
    required: parameter.required && !hasDefault(schema, schemas),
    schema,
    description,
  }))
  if (body !== undefined) inputs.push({ ...body, ...body.body })
  return {
    tool: {
      name,
      ...titleOf(operation),
      ...descriptionOf(found),
      ...inputSchemaOf(inputs, schemas, room),
      ...outputSchemaOf(operation, context),
      annotations: annotationsOf(method),
    },
    method: method as ApiOperation['method'],
    path,
    parameters: parameters.map(({ parameter }) => parameter),
    ...(body !== undefined && { body: body.body }),
    security,
  }
}

function hasDefault(schema: unknown, schemas: Schemas): boolean {
  return schemas.resolved(schema).default !== undefined
}

interface Input {
  argument: string
  required: boolean
  schema: unknown
  description: string
}

function inputSchemaOf(inputs: readonly Input[], schemas: Schemas, room: number): { inputSchema: Json } {
  const { schemas: converted, definitions } = schemas.sent(
    inputs.map(({ schema }) => schema),
    room,
  )
  const properties = inputs.map(({ argument, description }, at) => [
    argument,
    described(converted[at], description),
  ])
  const required = inputs.flatMap(({ argument, required: needed }) => (needed ? [argument] : []))
  return {
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
      ...(Object.keys(definitions).length > 0 && { $defs: definitions }),
    },
  }
}

/** The parameter's own words are nearer to the case than those of its schema. */
function described(schema: unknown, description: string): unknown {
  if (description === '' || !isObject(schema)) return schema
  return { ...schema, description: description.slice(0, MAX_DESCRIPTION) }
}

function outputSchemaOf(operation: Json, { references, schemas }: Context): { outputSchema?: Json } {
  const responses = objectsIn(operation.responses).filter(([status]) => /^2(?:\d\d|XX)$/i.test(status))
  for (const [, given] of responses) {
    const content = objectsIn(member(references.resolve(given), 'content'))
    const json = content.find(([type]) => /^application\/(?:[\w.-]+\+)?json(?:;|$)/i.test(type))
    const outputSchema = json === undefined ? undefined : schemas.shapeOfAnswer(json[1].schema)
    if (outputSchema !== undefined) return { outputSchema }
  }
  return {}
}

function titleOf({ summary }: Json): { title?: string } {
  return typeof summary === 'string' && summary.trim() !== '' ? { title: summary.trim().slice(0, 200) } : {}
}

function descriptionOf({ operation, method, path }: FoundOperation): { description: string } {
  const { summary, description, deprecated } = operation
  const texts = [deprecated === true ? 'Deprecated.' : '', textOr(summary, ''), textOr(description, '')]
  const told = [...new Set(texts.map((text) => text.trim()))].filter((text) => text !== '').join('\n\n')
  return { description: (told === '' ? `${method} ${path}` : told).slice(0, MAX_DESCRIPTION) }
}

function annotationsOf(method: string): Json {
  const readOnly = method === 'GET' || method === 'HEAD'
  return {
    readOnlyHint: readOnly,
    // Of what else a method does, its document says nothing that clients could rely on.
    ...(method === 'DELETE' && { destructiveHint: true }),
    ...((method === 'PUT' || method === 'DELETE') && { idempotentHint: true }),
    openWorldHint: true,
  }
}

function offered(
  { operation, operationId, method, path, tags }: FoundOperation,
  made: ApiOperation,
): OfferedOperation {
  const { summary, deprecated } = operation
  return {
    ...(operationId !== undefined && { operationId }),
    method,
    path,
    tags: [...tags],
    ...(typeof summary === 'string' && { summary: summary.slice(0, 300) }),
    deprecated: deprecated === true,
    tool: made.tool.name,
    readOnly: method === 'GET' || method === 'HEAD',
    destructive: method === 'DELETE',
    credentials: made.security.filter((way) => way.length > 0).map(valueNames),
  }
}

function requireRoom(plan: ApiPlan): ApiPlan {
  if (Buffer.byteLength(JSON.stringify(plan)) <= MAX_PLAN_BYTES) return plan
  throw new GatewayError('too_large', 'The tools of these operations together take more than 8 MiB.', {
    fix: 'Choose fewer operations.',
  })
}

function tooManyOperations(count: number): GatewayError {
  const message = `The document has ${count} operations, and a server can be made of one with ${MAX_OPERATIONS} at most.`
  return new GatewayError('too_large', message, { fix: 'Cut it to the part of the API that you need.' })
}
