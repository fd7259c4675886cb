import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import type { LoginState } from '../model/login-missing.ts'
import type { ServerLogin } from '../model/server-login.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const MAX_NAMES = 32
const MAX_VALUE_BYTES = 16 * 1024

// Pairs, not an object: any name is then only a name, also `__proto__`.
const sealedSchema = z.array(z.tuple([z.string(), z.string()]))

/**
 * The values of a credential as someone typed them; `invalid_request` says what is wrong without repeating a value.
 * Line breaks are allowed, for private keys; NUL is not, since neither a header nor an environment can carry it.
 */
export function parseCredentialValues(values: Record<string, string>): Map<string, string> {
  const entries = Object.entries(values)
  if (entries.length === 0 || entries.length > MAX_NAMES) {
    throw refusal(`A credential has 1 to ${MAX_NAMES} values.`)
  }
  for (const [name, value] of entries) checkValue(name, value)
  return new Map(entries)
}

function checkValue(name: string, value: string): void {
  if (!NAME.test(name)) {
    throw refusal(
      'The name of a value is 1 to 64 letters, digits and underscores, and does not start with a digit.',
    )
  }
  if (value === '') throw refusal(`The value of ${name} is empty.`)
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw refusal(`The value of ${name} is longer than ${MAX_VALUE_BYTES} bytes.`)
  }
  if (value.includes('\0') || !value.isWellFormed()) throw refusal(`The value of ${name} is not plain text.`)
}

/** What a credential holds: values under names that people chose, and what a login gave. */
export interface CredentialContents {
  values: ReadonlyMap<string, string>
  login?: ServerLogin
  /** See `OpenCredential`; absent: the version that holds this. */
  since?: number
}

/** No name that anybody may give a value: neither a request nor a placeholder reaches what is under it. */
const LOGIN = 'oauth:login'

const loginSchema = z.strictObject({
  id: z.string(),
  issuer: z.string(),
  tokenEndpoint: z.string(),
  clientId: z.string(),
  clientSecret: z.string().exactOptional(),
  clientAuth: z.enum(['client_secret_post', 'client_secret_basic', 'none']),
  resource: z.string(),
  tokens: z
    .strictObject({
      access: z.string(),
      refresh: z.string().exactOptional(),
      obtainedAt: z.number(),
      expiresAt: z.number().exactOptional(),
    })
    .exactOptional(),
})

const sealedLogin = z.strictObject({ login: loginSchema, since: z.number().exactOptional() })

/** The bytes to seal. */
export function encodeContents({ values, login, since }: CredentialContents): Buffer {
  const kept = login === undefined ? [] : [[LOGIN, JSON.stringify({ login, since })]]
  return Buffer.from(JSON.stringify([...values, ...kept]))
}

/** The contents out of opened bytes, which were checked when they were sealed. */
export function decodeContents(plain: Buffer): CredentialContents {
  const values = new Map(sealedSchema.parse(JSON.parse(plain.toString())))
  const kept = values.get(LOGIN)
  if (kept === undefined) return { values }
  values.delete(LOGIN)
  return { values, ...sealedLogin.parse(JSON.parse(kept)) }
}

const ACTIVE = 'oauth:tokens'

/** The names that a record shows to whoever reads the database: those of the values, and how the login stands. */
export function namesOf({ values, login }: CredentialContents): string[] {
  const active = login?.tokens === undefined ? [] : [ACTIVE]
  return [...values.keys(), ...(login === undefined ? [] : [LOGIN]), ...active]
}

/** The same names read again. */
export function readNames(names: readonly string[]): { names: string[]; login: LoginState } {
  const login = names.includes(ACTIVE) ? 'active' : names.includes(LOGIN) ? 'ended' : 'none'
  return { names: names.filter((name) => name !== LOGIN && name !== ACTIVE), login }
}

/** Everything that must not come back from the server, by the name that stands in its place. */
export function secretsOf({ values, login }: CredentialContents): Map<string, string> {
  const ofLogin = {
    access_token: login?.tokens?.access,
    refresh_token: login?.tokens?.refresh,
    client_secret: login?.clientSecret,
  }
  const given = Object.entries(ofLogin).flatMap(([name, value]) =>
    value === undefined ? [] : [[`oauth:${name}`, value] as const],
  )
  return new Map([...values, ...given])
}

function refusal(message: string): GatewayError {
  return new GatewayError('invalid_request', message)
}
