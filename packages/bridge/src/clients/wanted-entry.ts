import { BridgeError } from '../bridge-error.ts'
import type { JsonObject } from '../json-object.ts'
import type { Client } from './client.ts'
import { createLaunch, type LaunchKind } from './launch.ts'
import type { Machine } from './machine.ts'
import { type EntryShape, mergeEntry } from './our-entry.ts'

export interface EntryWish {
  readonly key: string
  readonly workspace: string
  readonly kind: LaunchKind
}

export function wantedShape(
  client: Client,
  { key, workspace, kind }: EntryWish,
  machine: Machine,
): EntryShape {
  const launch = createLaunch({
    kind,
    workspace,
    copy: machine.copy,
    place: machine.place,
    isDesktop: client.isDesktop,
    needsShell: client.needsShell,
    ...(machine.folders !== undefined && { folders: machine.folders }),
  })
  return client.shape(launch, key)
}

/** The entry as it is where none was before. */
export function freshEntry(client: Client, wish: EntryWish, machine: Machine): JsonObject {
  return mergeEntry(undefined, wantedShape(client, wish, machine), client.envKey)
}

export const defaultKey = 'mcpgw'

// Clients prefix tool names with the key, and cut names of more than about 60 characters.
const keyPattern = /^[a-z0-9-]{1,12}$/

export function requireKey(key: string): string {
  if (keyPattern.test(key)) return key
  throw new BridgeError('usage', `"${key}" cannot be the name of an entry.`, {
    fix: 'Use up to 12 of a-z, 0-9 and "-".',
  })
}
