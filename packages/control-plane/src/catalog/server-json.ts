import { z } from 'zod'

/**
 * The official description of a server, schema 2025-12-11. Strict about what it names; keys it does not know stay, as
 * newer files have more of them.
 */
const SCHEMA_URL = /^https?:\/\/static\.modelcontextprotocol\.io\/schemas\/[\w.-]+\/server\.schema\.json$/

const inputFields = {
  description: z.string().exactOptional(),
  isRequired: z.boolean().exactOptional(),
  isSecret: z.boolean().exactOptional(),
  format: z.enum(['string', 'number', 'boolean', 'filepath']).exactOptional(),
  default: z.string().exactOptional(),
  placeholder: z.string().exactOptional(),
  choices: z.array(z.string()).exactOptional(),
  /** Fixed; `{name}` in it stands for the variable of that name. */
  value: z.string().exactOptional(),
}

const variables = z.record(z.string(), z.looseObject(inputFields)).exactOptional()

const keyValue = z.looseObject({
  name: z.string().min(1, 'must not be empty'),
  ...inputFields,
  variables,
})

const positionalArgument = z.looseObject({
  type: z.literal('positional'),
  valueHint: z.string().exactOptional(),
  isRepeated: z.boolean().exactOptional(),
  ...inputFields,
  variables,
})

const namedArgument = z.looseObject({
  type: z.literal('named'),
  name: z.string().min(1, 'must not be empty'),
  isRepeated: z.boolean().exactOptional(),
  ...inputFields,
  variables,
})

const argument = z.discriminatedUnion('type', [positionalArgument, namedArgument])

const address = z
  .string()
  .regex(/^(?:https?:\/\/|\{)[^\s]+$/, 'must be a web address, or begin with a {variable} for one')

const httpTransport = z.looseObject({
  type: z.enum(['streamable-http', 'sse']),
  url: address,
  headers: z.array(keyValue).exactOptional(),
  variables,
})

/** A range would mean another program on another day. */
const exactVersion = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must be at most 255 characters')
  .refine((version) => version !== 'latest', 'must be an exact version, not "latest"')
  .refine(
    (version) => !/^[\^~<>=*]|\s|\|\||(?:^|\.)[xX*](?:\.|$)/.test(version),
    'must be an exact version, not a range',
  )

const packageSchema = z.looseObject({
  /** `npm`, `pypi`, `oci`, or one that we cannot start. */
  registryType: z.string().min(1, 'must not be empty'),
  identifier: z.string().min(1, 'must not be empty'),
  version: exactVersion.exactOptional(),
  registryBaseUrl: z.string().exactOptional(),
  fileSha256: z
    .string()
    .regex(/^[a-f0-9]{64}$/, 'must be 64 hexadecimal digits')
    .exactOptional(),
  runtimeHint: z.string().exactOptional(),
  transport: z.discriminatedUnion('type', [z.looseObject({ type: z.literal('stdio') }), httpTransport]),
  runtimeArguments: z.array(argument).exactOptional(),
  packageArguments: z.array(argument).exactOptional(),
  environmentVariables: z.array(keyValue).exactOptional(),
})

export const serverJson = z.looseObject({
  $schema: z.string().regex(SCHEMA_URL, 'must be a schema of server.json').exactOptional(),
  name: z
    .string()
    .min(3, 'must be at least 3 characters')
    .max(200, 'must be at most 200 characters')
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/, 'must be a namespace, "/" and a name'),
  title: z.string().min(1, 'must not be empty').max(100, 'must be at most 100 characters').exactOptional(),
  description: z.string().min(1, 'must not be empty').max(100, 'must be at most 100 characters'),
  version: exactVersion,
  websiteUrl: z.url('must be a web address').exactOptional(),
  repository: z
    .looseObject({ url: z.string().exactOptional(), source: z.string().exactOptional() })
    .exactOptional(),
  packages: z.array(packageSchema).exactOptional(),
  remotes: z.array(httpTransport).exactOptional(),
  _meta: z.record(z.string(), z.unknown()).exactOptional(),
})

export type ServerJson = z.output<typeof serverJson>
export type ServerRemote = z.output<typeof httpTransport>
export type ServerPackage = z.output<typeof packageSchema>
export type ServerArgument = z.output<typeof argument>
export type ServerKeyValue = z.output<typeof keyValue>
/** What is said about a value, wherever it goes. */
export type ServerInput = Pick<ServerKeyValue, keyof typeof inputFields>
