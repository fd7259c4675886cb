import type { Server } from '../../api/shapes.ts'
import { namesNeeded } from '../servers/new-server.ts'

/** The names that a server's credential has values for, as far as the reader may know. */
export function namesOf({ credential }: Server): readonly string[] {
  return credential !== undefined && 'names' in credential ? credential.names : []
}

/** The names that it asks for and that have no value yet. */
export function missingOf(server: Server): string[] {
  const set = namesOf(server)
  return namesNeeded(server).filter((name) => !set.includes(name))
}

export function versionOf({ credential }: Server): number | null {
  return credential !== undefined && 'version' in credential ? credential.version : null
}

export function setAtOf({ credential }: Server): string | null {
  return credential !== undefined && 'updatedAt' in credential ? credential.updatedAt : null
}
