import { namesNeeded } from './placeholder.ts'
import type { PinMode, Server } from './server.ts'

/** How a server's tools are pinned: as somebody set it, else strictly where a secret could be misused. */
export function pinModeOf({ pin, target }: Pick<Server, 'pin' | 'target'>, hasCredential: boolean): PinMode {
  return pin ?? (hasCredential || namesNeeded(target).length > 0 ? 'enforce' : 'warn')
}

/** A tool's whole definition as canonical JSON, under the server's own name for the tool. */
export interface SeenDefinition {
  tool: string
  /** SHA-256 of the definition, base64url. */
  hash: string
  definition: string
}

/** A definition that is approved. A tool may have several: what was approved once may come back. */
export interface ApprovedDefinition extends SeenDefinition {
  firstSeenAt: number
  approvedAt: number
  /** The member; undefined where it was approved by being the first that was seen. */
  approvedBy?: string
}

/** A definition that was seen instead of an approved one. */
export interface ChangedDefinition extends SeenDefinition {
  /** Which listing it was in: legacy servers may list differently by what a client can do. */
  variant: string
  since: number
}

/** The approved hashes of a server, by tool. */
export type ApprovedHashes = ReadonlyMap<string, ReadonlySet<string>>

/** What decides, in one workspace, which tools are shown. */
export interface WorkspacePins {
  /** By server. */
  approved: ReadonlyMap<string, ApprovedHashes>
  /** The servers for which a credential is stored. */
  withCredential: ReadonlySet<string>
}

/** What is to be approved: the hash says which definition was looked at. */
export interface Approval {
  tool: string
  hash: string
}
