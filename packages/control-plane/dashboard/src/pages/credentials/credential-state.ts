import type { Server } from '../../api/shapes.ts'
import { namesNeeded, namesToChooseFrom } from '../servers/new-server.ts'

/** The names that a server's credential has values for, as far as the reader may know. */
export function namesOf({ credential }: Server): readonly string[] {
  return credential !== undefined && 'names' in credential ? credential.names : []
}

/** The names that it asks for and that have no value yet. */
export function missingOf(server: Server): string[] {
  const set = namesOf(server)
  const sets = server.credentialSets ?? []
  const isProved = sets.some((each) => each.every((name) => set.includes(name)))
  const asked = [...namesNeeded(server), ...(isProved ? [] : (sets[0] ?? []))]
  return [...new Set(asked)].filter((name) => !set.includes(name))
}

/** All that it can ask for. */
export function namesAsked(server: Server): string[] {
  return [...namesNeeded(server), ...namesToChooseFrom(server)]
}

export function versionOf({ credential }: Server): number | null {
  return credential !== undefined && 'version' in credential ? credential.version : null
}

export function setAtOf({ credential }: Server): string | null {
  return credential !== undefined && 'updatedAt' in credential ? credential.updatedAt : null
}
