import { GatewayError } from '../model/error.ts'
import { fitsHeader } from '../model/header-text.ts'
import { mistakesIn } from './check-arguments.ts'
import { isObject, type Json, member } from './json.ts'
import { type ApiOperation, type ApiParameter, type Placement, valueNames } from './plan.ts'
import { UnusableArgument } from './unusable-argument.ts'
import { writeBody } from './write-body.ts'
import { encoded, writeCookie, writeHeader, writePath, writeQuery } from './write-parameter.ts'

/** A request as it goes out, the credential in it: not to be logged, nor told in an error. */
export interface WrittenRequest {
  method: ApiOperation['method']
  /** With the query. */
  path: string
  headers: Record<string, string>
  body?: string
}

export interface WriteOptions {
  operation: ApiOperation
  /** The path of the base address. */
  basePath: string
  values: ReadonlyMap<string, string>
  boundary: string
}

/**
 * The request for a call. Nothing in an argument changes the host, the path's other parts, or adds a parameter or header
 * beside its own. Throws UnusableArgument for arguments that cannot be sent, `needs_credential` without a way to
 * prove who calls.
 */
export function writeRequest(args: Json, options: WriteOptions): WrittenRequest {
  const { operation, values, boundary } = options
  const given = withoutNulls(args, operation)
  const mistakes = mistakesIn(given, operation.tool.inputSchema)
  if (mistakes.length > 0) throw new UnusableArgument(mistakes.join(' '))
  const parts = new RequestParts(operation, given)
  parts.prove(requireWay(operation, values), values)
  const path = `${options.basePath.replace(/\/$/, '')}${parts.path()}`
  const query = parts.query.length > 0 ? `?${parts.query.join('&')}` : ''
  const body = bodyOf(operation, given, boundary)
  return {
    method: operation.method,
    path: path + query,
    headers: { ...parts.headers, ...parts.cookieHeader(), ...(body && { 'content-type': body.contentType }) },
    ...(body && { body: body.text }),
  }
}

/** Models say null for what they leave out. Where a null is wanted, it stays. */
function withoutNulls(args: Json, { tool, parameters, body }: ApiOperation): Json {
  const isOptional = (name: string) =>
    parameters.some(({ argument }) => argument === name) || (body?.argument === name && !body.required)
  const properties = tool.inputSchema.properties
  const kept = Object.entries(args).filter(
    ([name, value]) => value !== null || !isOptional(name) || !Object.hasOwn(properties ?? {}, name),
  )
  return Object.fromEntries(kept)
}

/** The parts of a request, as its parameters fill them. */
class RequestParts {
  readonly headers: Record<string, string> = {}
  readonly query: string[] = []
  readonly #cookies: string[] = []
  readonly #inPath = new Map<string, string>()
  readonly #operation: ApiOperation

  constructor(operation: ApiOperation, args: Json) {
    this.#operation = operation
    for (const parameter of operation.parameters) {
      const value = givenOrDefault(parameter, args, operation)
      if (value !== undefined) this.#add(parameter, value)
    }
  }

  #add(parameter: ApiParameter, value: unknown): void {
    if (parameter.in === 'path') this.#inPath.set(parameter.name, writePath(parameter, value))
    else if (parameter.in === 'header')
      this.headers[parameter.name.toLowerCase()] = writeHeader(parameter, value)
    else if (parameter.in === 'cookie') this.#cookies.push(writeCookie(parameter, value))
    else {
      requireOwnNames(parameter, value, this.#operation)
      this.query.push(...writeQuery(parameter, value))
    }
  }

  /** Puts in what proves who calls. */
  prove(way: readonly Placement[], values: ReadonlyMap<string, string>): void {
    for (const placement of way) {
      const [first = '', second = ''] = valueNames([placement]).map((name) => values.get(name) ?? '')
      if (placement.kind === 'bearer') this.#setHeader('authorization', `Bearer ${first}`)
      else if (placement.kind === 'basic')
        this.#setHeader('authorization', `Basic ${Buffer.from(`${first}:${second}`).toString('base64')}`)
      else if (placement.in === 'header') this.#setHeader(placement.name.toLowerCase(), first)
      else if (placement.in === 'query') this.query.push(`${encoded(placement.name)}=${encoded(first)}`)
      else this.#cookies.push(`${placement.name}=${requireCookieValue(first)}`)
    }
  }

  #setHeader(name: string, value: string): void {
    if (!fitsHeader(value)) throw unfit(`the header "${name}"`)
    this.headers[name] = value
  }

  path(): string {
    return this.#operation.path.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
      const written = this.#inPath.get(name)
      if (written === undefined) throw new UnusableArgument(`"${name}" is required.`)
      return written
    })
  }

  cookieHeader(): { cookie?: string } {
    return this.#cookies.length > 0 ? { cookie: this.#cookies.join('; ') } : {}
  }
}

/** What is required and not given is what the document says it is by default. */
function givenOrDefault({ argument, required }: ApiParameter, args: Json, { tool }: ApiOperation): unknown {
  if (Object.hasOwn(args, argument)) return args[argument]
  if (!required) return undefined
  const { inputSchema } = tool
  const schema = member(inputSchema.properties, argument)
  const reference = member(schema, '$ref')
  const defined =
    typeof reference === 'string' ? member(inputSchema.$defs, reference.slice('#/$defs/'.length)) : undefined
  return member(schema, 'default') ?? member(defined, 'default')
}

/** An exploded object makes a parameter of each member: none may take the place of another one, or of a key. */
function requireOwnNames(
  parameter: ApiParameter,
  value: unknown,
  { parameters, security }: ApiOperation,
): void {
  const makesNames = parameter.explode && parameter.style === 'form' && !parameter.json && isObject(value)
  if (!makesNames) return
  const others = parameters.flatMap((each) => (each !== parameter && each.in === 'query' ? [each.name] : []))
  const keys = security
    .flat()
    .flatMap((each) => (each.kind === 'apiKey' && each.in === 'query' ? [each.name] : []))
  const taken = Object.keys(value).find((name) => [...others, ...keys].includes(name))
  if (taken === undefined) return
  throw new UnusableArgument(
    `"${parameter.argument}" must not have a member "${taken}", which is another parameter.`,
  )
}

/** The first way for which the credential has everything. */
function requireWay({ security }: ApiOperation, values: ReadonlyMap<string, string>): Placement[] {
  if (security.length === 0) return []
  const way = security.find((each) => valueNames(each).every((name) => values.has(name)))
  if (way !== undefined) return way
  const missing = valueNames(security[0] ?? []).filter((name) => !values.has(name))
  const list = missing.join(', ')
  throw new GatewayError('needs_credential', `The credential has no value named ${list}.`, {
    fix: `Set ${list} in this server's credential.`,
  })
}

/** RFC 6265: nothing that would end the cookie, or that servers would read in different ways. */
function requireCookieValue(value: string): string {
  if (/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(value)) return value
  throw unfit('a cookie')
}

function unfit(place: string): GatewayError {
  const message = `The credential holds characters that ${place} cannot carry, such as a line break.`
  return new GatewayError('needs_credential', message, { fix: 'Set the credential again, without them.' })
}

function bodyOf({ body }: ApiOperation, args: Json, boundary: string) {
  if (body === undefined || !Object.hasOwn(args, body.argument)) return undefined
  return writeBody(body, args[body.argument], boundary)
}
