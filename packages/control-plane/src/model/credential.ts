import type { ServerLogin } from './server-login.ts'

/** The sealed values of one server's credential. A new version replaces the old one. */
export interface CredentialRecord {
  serverId: string
  workspaceId: string
  version: number
  /** Names of the values, for people; the values are inside `sealed`. */
  names: string[]
  sealed: Uint8Array
  updatedAt: number
}

/** An opened credential: plaintext, held only by the vault and by the request going out. */
export interface OpenCredential {
  version: number
  /** The version since which nothing but the tokens of its login was renewed: connections opened since are as good. */
  since: number
  values: ReadonlyMap<string, string>
  /** Absent: nobody has logged in. No placeholder reaches into it. */
  login?: ServerLogin
  scrubber: Scrubber
}

/** Takes a credential's values, in every form an upstream may echo them, out of what comes back. */
export interface Scrubber {
  /** A whole message. Returns the same buffer when nothing was found. */
  bytes(message: Buffer): Buffer
  text(text: string): string
}
