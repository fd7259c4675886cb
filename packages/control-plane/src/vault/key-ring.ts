import type { KeyObject } from 'node:crypto'
import type { Random } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { CredentialStore, KeyStore } from '../model/stores.ts'
import { deriveKey, type SealingKey, secretKey } from './envelope.ts'
import type { MasterKeys } from './master-keys.ts'

const SENTINEL = 'sentinel'
const SENTINEL_TEXT = 'The master key fits.'
const SEALING = 'sealing'
const WORKSPACE = 'workspace:'
const DATA_KEY_BYTES = 32

interface KeyRoom {
  masterKeys: MasterKeys
  keys: KeyStore
  random: Random
}

/**
 * Throws `configuration` unless the master key is the one this installation's data was sealed with. Writes only in
 * an installation that holds nothing sealed yet.
 */
export async function checkMasterKey(
  masterKeys: MasterKeys,
  { keys, credentials }: { keys: KeyStore; credentials: CredentialStore },
): Promise<void> {
  const sentinel = await keys.get(SENTINEL)
  if (sentinel !== undefined) return requireFit(masterKeys, sentinel)
  const names = await keys.names()
  // Another process may have begun this very moment: then its sentinel is read below.
  const isLost = !names.includes(SENTINEL) && (names.length > 0 || (await credentials.all()).length > 0)
  if (isLost) throw lostSentinel()
  const sealed = masterKeys.wrap(Buffer.from(SENTINEL_TEXT), [SENTINEL])
  requireFit(masterKeys, await addOrRead(keys, SENTINEL, sealed))
}

function requireFit(masterKeys: MasterKeys, sentinel: Uint8Array): void {
  if (masterKeys.unwrap(sentinel, [SENTINEL])?.toString() !== SENTINEL_TEXT) throw wrongMasterKey()
}

/**
 * The key of everything that travels through others' hands, made at the first start. It is no master key, so that
 * what it has sealed outlives a change of the master key.
 */
export async function openSealingKey(room: KeyRoom): Promise<KeyObject> {
  const wrapped = (await room.keys.get(SEALING)) ?? (await addKey(room, SEALING))
  const secret = room.masterKeys.unwrap(wrapped, [SEALING])
  if (secret === undefined) throw wrongMasterKey()
  return secretKey(secret)
}

function addKey({ masterKeys, keys, random }: KeyRoom, name: string): Promise<Uint8Array> {
  const secret = random.bytes(DATA_KEY_BYTES)
  const wrapped = masterKeys.wrap(secret, [name])
  secret.fill(0)
  return addOrRead(keys, name, wrapped)
}

/** Adds a record unless another process was faster, and returns the one that stays. */
export async function addOrRead(keys: KeyStore, name: string, record: Uint8Array): Promise<Uint8Array> {
  try {
    await keys.add(name, record)
    return record
  } catch (error) {
    const stored = await keys.get(name)
    if (stored === undefined) throw error
    return stored
  }
}

/** The data keys of the workspaces, wrapped in the store and opened in memory. */
export interface KeyRing {
  /** The data key of a workspace, or undefined when it has none. Throws `credential_unreadable` when it does not open. */
  find(workspaceId: string): Promise<SealingKey | undefined>
  /** The data key of a workspace, made on first use. */
  make(workspaceId: string): Promise<SealingKey>
  /** Resolves when every key that is being made just now is stored, or could not be. */
  made(): Promise<void>
  forget(workspaceId: string): void
  forgetAll(): void
}

export function createKeyRing(room: KeyRoom): KeyRing {
  const opened = new Map<string, SealingKey>()
  const making = new Set<Promise<Uint8Array>>()

  async function find(workspaceId: string): Promise<SealingKey | undefined> {
    const known = opened.get(workspaceId)
    if (known !== undefined) return known
    const wrapped = await room.keys.get(WORKSPACE + workspaceId)
    return wrapped && remember(workspaceId, wrapped)
  }

  async function make(workspaceId: string): Promise<SealingKey> {
    return (await find(workspaceId)) ?? remember(workspaceId, await add(workspaceId))
  }

  async function add(workspaceId: string): Promise<Uint8Array> {
    const added = addKey(room, WORKSPACE + workspaceId)
    making.add(added)
    try {
      return await added
    } finally {
      making.delete(added)
    }
  }

  function remember(workspaceId: string, wrapped: Uint8Array): SealingKey {
    const secret = room.masterKeys.unwrap(wrapped, [WORKSPACE + workspaceId])
    if (secret === undefined) throw unreadableKey()
    const key = deriveKey(secret, 'credentials')
    secret.fill(0)
    opened.set(workspaceId, key)
    return key
  }

  return {
    find,
    make,
    async made() {
      await Promise.allSettled(making)
    },
    forget: (workspaceId) => void opened.delete(workspaceId),
    forgetAll: () => opened.clear(),
  }
}

/**
 * Wraps the keys again that the newest master key has not wrapped yet, and the sentinel last: until then the old key
 * still starts the gateway. May be stopped anywhere and begun again. A record that no known master key opens stays as
 * it is. Returns how many it wrapped.
 */
export async function rewrapKeys(masterKeys: MasterKeys, keys: KeyStore): Promise<number> {
  const names = (await keys.names()).filter((name) => name !== SEALING && name !== SENTINEL)
  let wrapped = 0
  for (const name of [...names, SEALING, SENTINEL]) {
    if (await rewrapKey(name, masterKeys, keys)) wrapped += 1
  }
  return wrapped
}

async function rewrapKey(name: string, masterKeys: MasterKeys, keys: KeyStore): Promise<boolean> {
  const stored = await keys.get(name)
  if (stored === undefined || masterKeys.isCurrent(stored)) return false
  const secret = masterKeys.unwrap(stored, [name])
  if (secret === undefined) return false
  const wrapped = masterKeys.wrap(secret, [name])
  secret.fill(0)
  return replaced(keys, name, wrapped)
}

/** False when the key is gone: its workspace was removed meanwhile. */
async function replaced(keys: KeyStore, name: string, wrapped: Uint8Array): Promise<boolean> {
  try {
    await keys.replace(name, wrapped)
    return true
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'not_found') return false
    throw error
  }
}

/** Keys that the newest master key has not wrapped: those that an older known one opens, and those that none does. */
export async function countOldKeys(
  masterKeys: MasterKeys,
  keys: KeyStore,
): Promise<{ older: number; unreadable: number }> {
  const count = { older: 0, unreadable: 0 }
  for (const name of await keys.names()) {
    const stored = await keys.get(name)
    if (stored === undefined || masterKeys.isCurrent(stored)) continue
    const secret = masterKeys.unwrap(stored, [name])
    secret?.fill(0)
    count[secret === undefined ? 'unreadable' : 'older'] += 1
  }
  return count
}

function wrongMasterKey(): GatewayError {
  return new GatewayError('configuration', 'The master key is not the one this data was sealed with.', {
    fix: 'Start with the master key from your backup. During a change of the master key, give the old one as the previous key as well.',
  })
}

function lostSentinel(): GatewayError {
  return new GatewayError(
    'configuration',
    'The database holds sealed credentials, but not the record that tells which master key opens them.',
    { fix: 'Restore the database from a backup; a part of it is missing.' },
  )
}

function unreadableKey(): GatewayError {
  return new GatewayError('credential_unreadable', "This workspace's credentials cannot be opened.", {
    fix: 'Start the gateway with the master key that sealed them, or restore the database from a backup.',
  })
}
