import type { Context, Hono } from 'hono'
import type { Manage } from '../../manage/context.ts'
import type { LoginClients } from '../../manage/login-clients.ts'
import type { GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import type { Attempts } from '../callers/attempts.ts'
import type { ClientAddresses } from '../callers/client-addresses.ts'

export interface OAuthContext {
  manage: Manage
  /** What clients are told; absent: the name under which a request came. */
  publicUrl: string | undefined
  addresses: ClientAddresses
  /** Who has signed in with the browser behind a request. */
  sessionOf(c: Context): Promise<Principal | undefined>
  /** Hears of every error whose cause the caller is not told. */
  reportError(error: GatewayError): void
  /** Throws `too_large` for JSON that would take too long to parse. */
  checkJson(body: Buffer): void
}

/** What the routes of this door share. */
export interface Door extends OAuthContext {
  app: Hono
  limits: Limits
  clients: LoginClients
}

export interface Limits {
  /** Wrong tokens, invite codes and links, by address. */
  proofs: Attempts
  /** Wrong codes of devices, by address. */
  userCodes: Attempts
  /** Wrong codes of devices, from everywhere. */
  allUserCodes: Attempts
  /** Programs that nothing can be found out of, by the address of whoever named them. */
  clients: Attempts
}

/** Our own client: public, known to everybody. Others register, or are described by a document. */
export const CLIENT_ID = 'mcpgw'

export const AUTHORIZE_PATH = '/oauth/authorize'
export const TOKEN_PATH = '/oauth/token'
export const REVOKE_PATH = '/oauth/revoke'
export const REGISTER_PATH = '/oauth/register'
export const RESOURCE_PATH = '/oauth/resource'
export const DEVICE_PATH = '/oauth/device'
export const CHECK_PATH = '/oauth/device/check'
export const DECIDE_PATH = '/oauth/device/decide'
export const CALLBACK_PATH = '/oauth/callback'
export const FINISH_PATH = '/oauth/callback/finish'
export const CLIENT_DOCUMENT_PATH = '/oauth/client.json'
export const INVITE_PATH = '/invite'
