import { isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import { isAddressRange } from './http/callers/client-addresses.ts'
import { GatewayError } from './model/error.ts'
import {
  DEFAULT_LIMITS,
  LIMIT_NAMES,
  LIMITS,
  type LimitName,
  type Limits,
  withDefaults,
} from './model/limits.ts'

/** What may travel through the program. */
export interface Settings {
  host: string
  port: number
  dataDir: string
  publicUrl: string | undefined
  databaseUrl: string | undefined
  allowUpstreams: string[]
  /** Whose word on a client's address counts; undefined: nobody was named. */
  trustedProxies: string[] | undefined
  hosting: 'auto' | 'off'
  hostedMemoryMiB: number
  hostedProcesses: number
  demo: boolean
  limits: Limits
  /** Where signed checkpoints of the log go: an absolute path or a URL. */
  auditCheckpoints: string | undefined
  auditCheckpointSeconds: number
  /** How long rows of the log are kept where a workspace says nothing; undefined: for ever. */
  auditRetentionDays: number | undefined
}

/** What only the vault and the first start may see. */
export interface SecretSettings {
  masterKey: string | undefined
  masterKeyFile: string | undefined
  previousMasterKey: string | undefined
  previousMasterKeyFile: string | undefined
  ownerToken: string | undefined
  /** Opens `/metrics` and nothing else. */
  metricsToken: string | undefined
}

const flag = z.union([
  z.boolean(),
  z.enum(['', '0', '1', 'false', 'true']).transform((text) => text === '1' || text === 'true'),
])
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean)),
])
const httpUrl = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
  error: 'must be an http or https URL',
  abort: true,
})

const publicUrl = httpUrl
  .refine(
    (text) => /^\/+$/.test(URL.parse(text)?.pathname ?? ''),
    'must have no path: workspaces are at /ws/NAME',
  )
  // Clients compare it with what they were told, and URL parsers spell names small and leave out usual ports.
  .transform((text) => new URL(text).origin)

const limit = z.string().transform((text, context): [LimitName, number] => {
  const [, name, digits] = /^([a-z-]+)=(\d{1,12})$/.exec(text) ?? []
  const known = LIMIT_NAMES.find((one) => one === name)
  const value = Number(digits)
  if (known !== undefined && value >= LIMITS[known].least) return [known, value]
  const message =
    known === undefined
      ? `must be NAME=NUMBER, not ${JSON.stringify(text)}; the names are ${LIMIT_NAMES.join(', ')}`
      : `must give ${known} at least ${LIMITS[known].least}`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const checkpointTarget = z
  .string()
  .refine(
    (text) => isAbsolute(text) || /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
    'must be an absolute path, or an http or https URL',
  )

function wholeNumber(min: number, max: number) {
  const range = `must be ${min} to ${max}`
  return z.coerce.number('must be a number').int('must be a whole number').min(min, range).max(max, range)
}

const schema = z.object({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(0, 'must be 0 to 65535')
    .max(65_535, 'must be 0 to 65535')
    .default(8787),
  dataDir: z
    .string()
    .min(1)
    .default('./mcpgw-data')
    .transform((path) => resolve(path)),
  publicUrl: publicUrl.optional(),
  databaseUrl: z.string().min(1).optional(),
  allowUpstreams: list.default([]),
  trustedProxies: list
    .refine(
      (ranges) => ranges.every(isAddressRange),
      'must be addresses or ranges of them, such as 10.0.0.0/8',
    )
    .optional(),
  hosting: z.enum(['auto', 'off'], 'must be auto or off').default('auto'),
  hostedMemoryMiB: wholeNumber(64, 1_048_576).default(1_024),
  hostedProcesses: wholeNumber(32, 65_536).default(512),
  demo: flag.default(false),
  limits: list
    .pipe(z.array(limit))
    .transform((given) => withDefaults(Object.fromEntries(given)))
    .default(DEFAULT_LIMITS),
  auditCheckpoints: checkpointTarget.optional(),
  auditCheckpointSeconds: wholeNumber(1, 86_400).default(60),
  auditRetentionDays: wholeNumber(1, 36_500).optional(),
  masterKey: z.string().optional(),
  masterKeyFile: z.string().optional(),
  previousMasterKey: z.string().optional(),
  previousMasterKeyFile: z.string().optional(),
  ownerToken: z.string().optional(),
  metricsToken: z.string().optional(),
})

/** Where clients reach us: what the settings say, or else what we listen on. */
export function originOf({ publicUrl, host }: Settings, port: number): string {
  return publicUrl ?? `http://${hostInUrl(host)}:${port}`
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** Where each setting comes from, for messages: its flag and its environment variable. */
const SOURCES: Record<keyof z.infer<typeof schema>, { flag?: string; variable: string }> = {
  host: { flag: '--host', variable: 'MCPGW_HOST' },
  port: { flag: '--port', variable: 'MCPGW_PORT' },
  dataDir: { flag: '--data-dir', variable: 'MCPGW_DATA_DIR' },
  publicUrl: { flag: '--public-url', variable: 'MCPGW_PUBLIC_URL' },
  databaseUrl: { flag: '--database-url', variable: 'MCPGW_DATABASE_URL' },
  allowUpstreams: { flag: '--allow-upstream', variable: 'MCPGW_ALLOW_UPSTREAMS' },
  trustedProxies: { flag: '--trust-proxy', variable: 'MCPGW_TRUSTED_PROXIES' },
  hosting: { flag: '--hosting', variable: 'MCPGW_HOSTING' },
  hostedMemoryMiB: { flag: '--hosted-memory-mib', variable: 'MCPGW_HOSTED_MEMORY_MIB' },
  hostedProcesses: { flag: '--hosted-processes', variable: 'MCPGW_HOSTED_PROCESSES' },
  demo: { flag: '--demo', variable: 'MCPGW_DEMO' },
  limits: { flag: '--limit', variable: 'MCPGW_LIMITS' },
  auditCheckpoints: { flag: '--audit-checkpoints', variable: 'MCPGW_AUDIT_CHECKPOINTS' },
  auditCheckpointSeconds: { flag: '--audit-checkpoint-seconds', variable: 'MCPGW_AUDIT_CHECKPOINT_SECONDS' },
  auditRetentionDays: { flag: '--audit-retention-days', variable: 'MCPGW_AUDIT_RETENTION_DAYS' },
  masterKey: { variable: 'MCPGW_MASTER_KEY' },
  masterKeyFile: { variable: 'MCPGW_MASTER_KEY_FILE' },
  previousMasterKey: { variable: 'MCPGW_PREVIOUS_MASTER_KEY' },
  previousMasterKeyFile: { variable: 'MCPGW_PREVIOUS_MASTER_KEY_FILE' },
  ownerToken: { variable: 'MCPGW_OWNER_TOKEN' },
  metricsToken: { variable: 'MCPGW_METRICS_TOKEN' },
}

/** Reads flags and environment, once; flags win. Throws `configuration` that names everything wrong in one message. */
export function readSettings(
  flags: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
): { settings: Settings; secrets: SecretSettings } {
  const given = Object.fromEntries(
    Object.entries(SOURCES).map(([name, { variable }]) => [
      name,
      flags[name] ?? (env[variable] || undefined),
    ]),
  )
  const read = schema.safeParse(given)
  if (!read.success) throw unreadable(read.error)
  const { masterKey, masterKeyFile, previousMasterKey, previousMasterKeyFile, ...others } = read.data
  const { ownerToken, metricsToken, ...rest } = others
  const { publicUrl, databaseUrl, trustedProxies, auditCheckpoints, auditRetentionDays } = rest
  return {
    settings: { ...rest, publicUrl, databaseUrl, trustedProxies, auditCheckpoints, auditRetentionDays },
    secrets: {
      ...{ masterKey, masterKeyFile, previousMasterKey, previousMasterKeyFile },
      ...{ ownerToken, metricsToken },
    },
  }
}

/** Names of settings only, never their values: some are secrets. */
function unreadable(error: z.ZodError): GatewayError {
  const lines = error.issues.map(({ path: [name], message }) => {
    const source = SOURCES[name as keyof typeof SOURCES]
    return `${[source?.flag, source?.variable].filter(Boolean).join(' or ')} ${message.replace(/^Invalid input: /, 'is not right: ')}`
  })
  return new GatewayError('configuration', `These settings cannot be used:\n  ${lines.join('\n  ')}`, {
    fix: 'Correct them and start again.',
  })
}
