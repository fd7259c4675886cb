/** How the gateway proves itself to an authorization server. */
export type ClientAuthMethod = 'client_secret_post' | 'client_secret_basic' | 'none'

export interface ServerTokens {
  access: string
  refresh?: string
  obtainedAt: number
  /** Absent where the authorization server did not say. */
  expiresAt?: number
}

/** A login to a server by OAuth, with all that renews it. The vault keeps it inside of the server's credential. */
export interface ServerLogin {
  /** Of this login: renewing it keeps the id, logging in again gives another one. */
  id: string
  /** Tokens and client secret are for this authorization server and for no other. */
  issuer: string
  tokenEndpoint: string
  clientId: string
  clientSecret?: string
  clientAuth: ClientAuthMethod
  /** What the tokens are for (RFC 8707). */
  resource: string
  /** Absent once the authorization server accepts them no more. */
  tokens?: ServerTokens
}

/** A login that was begun and waits for its browser to come back. */
export interface PendingServerLogin {
  /** SHA-256 of the state, base64url. */
  stateHash: string
  serverId: string
  workspaceId: string
  /** Id of the token or session that began it: nobody else may end it. */
  startedBy: string
  expiresAt: number
  /** Everything that the end of it needs, sealed by the vault. */
  sealed: string
}
