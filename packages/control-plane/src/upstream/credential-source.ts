import type { OpenCredential, Scrubber } from '../model/credential.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import { fitsHeader } from '../model/header-text.ts'
import { loginMissing } from '../model/login-missing.ts'
import { fillPlaceholders } from '../model/placeholder.ts'
import type { RemoteTarget } from '../model/server.ts'

/** One server's credential, as the vault hands it out for each call. */
export interface CredentialSource {
  /** At hand without waiting; `unknown` means `load` must be asked. Absent: the server has none. */
  peek(): OpenCredential | undefined | 'unknown'
  load(): Promise<OpenCredential | undefined>
  /**
   * Told when the server did not accept the access token of that version. Resolves to whether there is another one by
   * now. Absent where there are no logins.
   */
  refused?(version: number | undefined): Promise<boolean>
  /** Told when nobody asks any more. */
  close?(): void
}

/** Calls `use` with the credential: at once where the vault has it at hand. Errors of both go to `fail`. */
export function withCredential(
  source: CredentialSource,
  use: (credential: OpenCredential | undefined) => void,
  fail: (error: GatewayError) => void,
): void {
  const attempt = (credential: OpenCredential | undefined) => {
    try {
      use(credential)
    } catch (error) {
      fail(asGatewayError(error))
    }
  }
  const known = source.peek()
  if (known !== 'unknown') return attempt(known)
  source.load().then(attempt, (error) => fail(asGatewayError(error)))
}

const NO_VALUES: ReadonlyMap<string, string> = new Map()

/** Passes everything through: for servers without a credential. */
export const NO_SCRUBBER: Scrubber = { bytes: (message) => message, text: (text) => text }

/**
 * A message without the values that its server was sent: those of the credential it was asked with, and those of the
 * one that has replaced it meanwhile, which may have gone out on the same session.
 */
export function scrubbed(
  message: Buffer,
  credential: OpenCredential | undefined,
  source: CredentialSource,
): Buffer {
  const clean = credential === undefined ? message : credential.scrubber.bytes(message)
  const now = source.peek()
  return now === undefined || now === 'unknown' || now === credential ? clean : now.scrubber.bytes(clean)
}

/** The texts with the credential's values in place. Throws `needs_credential` naming what is missing. */
export function fillAll(
  templates: Record<string, string>,
  credential: OpenCredential | undefined,
): Record<string, string> {
  const values = credential?.values ?? NO_VALUES
  return Object.fromEntries(
    Object.entries(templates).map(([name, text]) => [name, fillPlaceholders(text, values)]),
  )
}

/** Values are judged when they are saved, but not the ones saved before that was so. */
function requireHeaderValue(name: string, value: string): void {
  if (fitsHeader(value)) return
  const message = `The credential holds characters that the header "${name}" cannot carry, such as a line break.`
  throw new GatewayError('needs_credential', message, { fix: 'Set the credential again, without them.' })
}

/**
 * Fills a server's header templates, and adds the access token where it wants a login: once per opened credential.
 * Filled headers live as long as the vault keeps the credential, and no longer.
 */
export function createHeaderFiller({
  headers: templates,
  oauth,
}: Pick<RemoteTarget, 'headers' | 'oauth'>): (
  credential: OpenCredential | undefined,
) => Record<string, string> {
  const lowered = Object.fromEntries(
    Object.entries(templates).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const fill = (credential: OpenCredential | undefined) => ({
    ...fillAll(lowered, credential),
    ...(oauth !== undefined && { authorization: `Bearer ${requireAccessToken(credential)}` }),
  })
  const filled = new WeakMap<OpenCredential, Record<string, string>>()
  return (credential) => {
    if (credential === undefined) return fill(undefined)
    const known = filled.get(credential)
    if (known !== undefined) return known
    const headers = fill(credential)
    for (const [name, value] of Object.entries(headers)) requireHeaderValue(name, value)
    filled.set(credential, headers)
    return headers
  }
}

function requireAccessToken(credential: OpenCredential | undefined): string {
  const { login } = credential ?? {}
  if (login?.tokens !== undefined) return login.tokens.access
  throw loginMissing(login === undefined ? 'none' : 'ended')
}
