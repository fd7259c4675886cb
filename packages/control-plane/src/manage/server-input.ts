import { z } from 'zod'
import { PIN_MODES, SERVER_NAME_PATTERN } from '../model/server.ts'
import { MAX_OPERATIONS } from '../openapi/limits.ts'
import { allowAndDeny, line, pattern } from './fields.ts'
import { exactPackage } from './package-input.ts'

const name = z
  .string()
  .regex(SERVER_NAME_PATTERN, 'must be 1 to 32 of a-z, 0-9 and "-", and neither begin nor end with "-"')

const text = (maxLength: number) =>
  z
    .string()
    .max(maxLength, `must be at most ${maxLength} characters`)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')

const timeout = z
  .number()
  .int('must be a whole number of milliseconds')
  .min(1000, 'must be 1000 to 600000 milliseconds')
  .max(600_000, 'must be 1000 to 600000 milliseconds')

const prefix = z.enum(['always', 'on-collision', 'never'])
const isolation = z.enum(['shared', 'per-session', 'per-member'])
/** Null is the default: what is right depends on whether there is a credential. */
const pin = z.enum(PIN_MODES).nullable()

const network = z.enum(['filtered', 'open', 'none'])

const settings = {
  enabled: z.boolean().default(true),
  prefix: prefix.default('always'),
  isolation: isolation.default('shared'),
  // Just under the 60 s after which most clients give up, so that they hear the reason.
  timeoutMs: timeout.default(55_000),
  tools: allowAndDeny.default({}),
  pin: pin.exactOptional(),
}

const url = z.string().min(1, 'must not be empty').max(2048, 'must be at most 2048 characters')

const headers = z
  .record(z.string(), text(8192))
  .refine((given) => Object.keys(given).length <= 32, 'must hold at most 32 headers')
  .default({})
/** RFC 6749, 3.3. */
const scope = z.string().regex(/^[!#-[\]-~]{1,200}$/, 'must be a scope: 1 to 200 characters without spaces')

const oauth = z.strictObject({
  client: z.enum(['dynamic', 'pre-registered']).default('dynamic'),
  scopes: z.array(scope).max(100, 'must hold at most 100 scopes').exactOptional(),
})

const remoteServer = z.strictObject({
  name,
  url,
  transport: z.enum(['auto', 'streamable-http', 'sse']).default('auto'),
  headers,
  oauth: oauth.exactOptional(),
  ...settings,
})

const program = {
  args: z.array(text(8192)).max(100, 'must hold at most 100 arguments').default([]),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'has a name that no environment variable can have'),
      text(32_768),
    )
    .refine((env) => Object.keys(env).length <= 64, 'must hold at most 64 variables')
    .default({}),
  network: network.exactOptional(),
}

const hostedServer = z.strictObject({ name, command: line(1024), ...program, ...settings })

const packageServer = z.strictObject({ name, package: exactPackage, ...program, ...settings })

/** A document as JSON itself, or as the text of a JSON or YAML file. */
export const openApiDocument = z.union(
  [
    z.string().min(1, 'must not be empty'),
    // Not a record, which would be copied member by member.
    z.custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'must be an object or text',
    ),
  ],
  'must be an OpenAPI document, as an object or text',
)

const selectors = z
  .array(
    z.strictObject({
      operationId: pattern.exactOptional(),
      tag: pattern.exactOptional(),
      method: line(10).exactOptional(),
      path: line(2048).exactOptional(),
    }),
  )
  .max(MAX_OPERATIONS, `must hold at most ${MAX_OPERATIONS} operations`)

const openApiServer = z.strictObject({
  name,
  openapi: openApiDocument,
  /** Absent: the first absolute address of the document's `servers`. */
  url: url.exactOptional(),
  /** Nothing is exposed that was not chosen. */
  operations: z.strictObject({
    include: selectors.min(1, 'must not be empty'),
    exclude: selectors.exactOptional(),
  }),
  headers,
  ...settings,
})

const catalogServer = z.strictObject({ name, catalog: line(200), ...settings })

export type RemoteServerInput = z.output<typeof remoteServer>
export type OpenApiServerInput = z.output<typeof openApiServer>
export type HostedServerInput = z.output<typeof hostedServer>
export type PackageServerInput = z.output<typeof packageServer>

/** A new server: by `url`, by `command`, by `package`, from an `openapi` document, or from the `catalog`. */
export const serverInput = z.union([remoteServer, hostedServer, packageServer, openApiServer, catalogServer])

/**
 * What can change in place. The address and the headers cannot: a credential set for one address must not be sent
 * to another by an edit. Remove the server and add it again, which removes its credential.
 */
export const serverChange = z.strictObject({
  enabled: z.boolean().exactOptional(),
  prefix: prefix.exactOptional(),
  isolation: isolation.exactOptional(),
  timeoutMs: timeout.exactOptional(),
  tools: allowAndDeny.exactOptional(),
  pin: pin.exactOptional(),
  /** Of a hosted server, by an owner. */
  network: network.exactOptional(),
})
