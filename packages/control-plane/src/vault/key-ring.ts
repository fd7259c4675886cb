import type { Random } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { CredentialStore, KeyStore } from '../model/stores.ts'
import { deriveKey, type SealingKey } from './envelope.ts'
import type { MasterKeys } from './master-keys.ts'

const SENTINEL = 'sentinel'
const SENTINEL_TEXT = 'The master key fits.'
const WORKSPACE = 'workspace:'
/** The purpose of the keys that wrap others; whatever is wrapped under it, a change of the master key wraps again. */
export const WRAPPING = 'wrap'
const DATA_KEY_BYTES = 32

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
  if (names.some((name) => name !== SENTINEL) || (await credentials.all()).length > 0) throw lostSentinel()
  const sealed = masterKeys.seal(WRAPPING, Buffer.from(SENTINEL_TEXT), [SENTINEL])
  requireFit(masterKeys, await addOrRead(keys, SENTINEL, sealed))
}

function requireFit(masterKeys: MasterKeys, sentinel: Uint8Array): void {
  if (masterKeys.open(WRAPPING, sentinel, [SENTINEL])?.toString() !== SENTINEL_TEXT) throw wrongMasterKey()
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
  forget(workspaceId: string): void
  forgetAll(): void
}

interface KeyRingOptions {
  masterKeys: MasterKeys
  keys: KeyStore
  random: Random
}

export function createKeyRing({ masterKeys, keys, random }: KeyRingOptions): KeyRing {
  const opened = new Map<string, SealingKey>()

  async function find(workspaceId: string): Promise<SealingKey | undefined> {
    const known = opened.get(workspaceId)
    if (known !== undefined) return known
    const wrapped = await keys.get(WORKSPACE + workspaceId)
    return wrapped && remember(workspaceId, wrapped)
  }

  async function make(workspaceId: string): Promise<SealingKey> {
    return (await find(workspaceId)) ?? remember(workspaceId, await addKey(workspaceId))
  }

  function addKey(workspaceId: string): Promise<Uint8Array> {
    const name = WORKSPACE + workspaceId
    const secret = random.bytes(DATA_KEY_BYTES)
    const wrapped = masterKeys.seal(WRAPPING, secret, [name])
    secret.fill(0)
    return addOrRead(keys, name, wrapped)
  }

  function remember(workspaceId: string, wrapped: Uint8Array): SealingKey {
    const secret = masterKeys.open(WRAPPING, wrapped, [WORKSPACE + workspaceId])
    if (secret === undefined) throw unreadableKey()
    const key = deriveKey(secret, 'credentials')
    secret.fill(0)
    opened.set(workspaceId, key)
    return key
  }

  return {
    find,
    make,
    forget: (workspaceId) => void opened.delete(workspaceId),
    forgetAll: () => opened.clear(),
  }
}

/**
 * Wraps the data keys again that the newest master key has not wrapped yet, and the sentinel last: until then the
 * old key still starts the gateway. May be stopped anywhere and begun again. Returns how many records it wrapped.
 */
export async function rewrapKeys(masterKeys: MasterKeys, keys: KeyStore): Promise<number> {
  const names = (await keys.names()).filter((name) => name !== SENTINEL)
  let wrapped = 0
  for (const name of [...names, SENTINEL]) {
    if (await rewrapKey(name, masterKeys, keys)) wrapped += 1
  }
  return wrapped
}

async function rewrapKey(name: string, masterKeys: MasterKeys, keys: KeyStore): Promise<boolean> {
  const stored = await keys.get(name)
  // A workspace may have been removed meanwhile.
  if (stored === undefined || masterKeys.isCurrent(WRAPPING, stored)) return false
  const secret = masterKeys.open(WRAPPING, stored, [name])
  if (secret === undefined) throw wrongMasterKey()
  const wrapped = masterKeys.seal(WRAPPING, secret, [name])
  secret.fill(0)
  await keys.replace(name, wrapped)
  return true
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
