import type { KeyObject } from 'node:crypto'
import type { Signer } from '../model/audit-seal.ts'
import type { ChangeBus } from '../model/change.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { CredentialRecord, OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { CredentialStore, KeyStore } from '../model/stores.ts'
import { createCredentialCache } from './credential-cache.ts'
import { type CredentialOwner, destinationOf } from './credential-owner.ts'
import { decodeValues, encodeValues, parseCredentialValues } from './credential-values.ts'
import { deriveKey, openRecord, type SealingKey, sealRecord } from './envelope.ts'
import { checkMasterKey, countOldKeys, createKeyRing, openSealingKey, rewrapKeys } from './key-ring.ts'
import { createMasterKeys, type MasterKeys } from './master-keys.ts'
import { createScrubber, isScrubbable } from './scrubber.ts'
import { openSigningKey } from './signing-key.ts'

const PUT_ATTEMPTS = 10

export interface VaultOptions {
  masterKey: Uint8Array
  /** Master keys that may have wrapped something still, while a change of the master key is not finished. */
  olderMasterKeys?: readonly Uint8Array[]
  keys: KeyStore
  credentials: CredentialStore
  bus: ChangeBus
  clock: Clock
  random: Random
}

/** What people may know of a credential. */
export interface CredentialDescription {
  names: string[]
  version: number
  /** Unix milliseconds. */
  updatedAt: number
}

/** Seals small things that travel through others' hands: session ids, cursors. */
export interface Sealer {
  /** Text of `[A-Za-z0-9_-]`, which opens only with the same purpose and the same context. */
  seal(plain: Uint8Array, context: string): string
  /** What was sealed, or undefined for anything else. */
  open(sealed: string, context: string): Uint8Array | undefined
}

export interface Vault extends Disposable {
  /** The credential from memory alone: undefined when the server has none, 'unknown' when it must be asked for. */
  peek(serverId: string): OpenCredential | undefined | 'unknown'
  /**
   * The credential for one call, or undefined when the server has none. A change is seen by every call that starts
   * after it. Throws `credential_unreadable` only when a stored credential does not open.
   */
  credentialFor(server: CredentialOwner): Promise<OpenCredential | undefined>
  /**
   * Replaces all values of the server's credential. Throws `invalid_request` for values that cannot be kept. Tells the
   * names of values that are too short to be found when a server repeats them.
   */
  put(
    server: CredentialOwner,
    values: Record<string, string>,
  ): Promise<CredentialDescription & { tooShort: string[] }>
  /**
   * The credential of a server that is about to be created or changed, to be stored with it; undefined when it has no
   * values. `before`, the server as it still is, adds the values it has to those given: whether they may go along is
   * for the caller to say. Throws `invalid_request` for values that cannot be kept.
   */
  seal(
    server: CredentialOwner,
    values: Record<string, string>,
    before?: CredentialOwner,
  ): Promise<CredentialRecord | undefined>
  describe(server: CredentialOwner): Promise<CredentialDescription | undefined>
  remove(server: CredentialOwner): Promise<void>
  /** What one purpose has sealed no other opens. It outlives a change of the master key. */
  sealer(purpose: string): Sealer
  /** What signs for this installation: the same key as long as its database lives. */
  signer(): Promise<Signer>
  /**
   * Wraps every key again that the newest master key has not wrapped, which `newMasterKey` becomes when it is given,
   * while calls go on; no credential is touched. May be killed anywhere and called again after opening with the new
   * key and the old one among `olderMasterKeys`. Resolves to the number of keys it wrapped.
   */
  rewrap(newMasterKey?: Uint8Array): Promise<number>
  masterKeyState(): Promise<MasterKeyState>
}

export interface MasterKeyState {
  /** Public: stored beside everything the newest master key wraps. */
  id: string
  /** How many keys an older master key wraps still. */
  olderKeys: number
  /** How many keys no known master key opens. */
  unreadableKeys: number
}

/**
 * Opens the vault. Throws `configuration`, and writes nothing, when the master key is not the one the stored
 * credentials were sealed with. The key given is copied; the caller may wipe it.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { masterKey, olderMasterKeys = [], keys, random } = options
  const masterKeys = createMasterKeys([masterKey, ...olderMasterKeys], random)
  await checkMasterKey(masterKeys, options)
  const sealingKey = await openSealingKey({ masterKeys, keys, random })
  return createVault(options, masterKeys, sealingKey)
}

function createVault(options: VaultOptions, masterKeys: MasterKeys, sealingKey: KeyObject): Vault {
  const { keys, credentials, bus, clock, random } = options
  const keyRing = createKeyRing({ masterKeys, keys, random })
  const cache = createCredentialCache({ clock, load })

  const stopListening = [
    bus.subscribe((change) => {
      if (change.kind === 'credential' || change.kind === 'server') cache.forget(change.id)
      if (change.kind === 'workspace') forgetWorkspace(change.workspaceId ?? change.id)
    }),
    bus.onGap(() => {
      keyRing.forgetAll()
      cache.forgetAll()
    }),
  ]

  function forgetWorkspace(workspaceId: string): void {
    keyRing.forget(workspaceId)
    cache.forgetWorkspace(workspaceId)
  }

  async function load(server: CredentialOwner): Promise<OpenCredential | undefined> {
    const record = await credentials.byServer(server.id)
    if (record === undefined) return undefined
    const key = await keyRing.find(server.workspaceId)
    const values = key && unseal(key, record, server)
    if (values === undefined) throw unreadable()
    return { version: record.version, values, scrubber: createScrubber(values) }
  }

  async function put(
    server: CredentialOwner,
    unread: Record<string, string>,
  ): Promise<CredentialDescription & { tooShort: string[] }> {
    const values = parseCredentialValues(unread)
    const key = await keyRing.make(server.workspaceId)
    for (let attempt = 1; ; attempt += 1) {
      const version = ((await credentials.byServer(server.id))?.version ?? 0) + 1
      const record = recordOf({ server, version, values, key })
      try {
        await credentials.put(record)
        cache.forget(server.id)
        const tooShort = [...values].filter(([, value]) => !isScrubbable(value)).map(([name]) => name)
        return { ...describeRecord(record), tooShort }
      } catch (error) {
        if (attempt === PUT_ATTEMPTS || !isConflict(error)) throw error
      }
    }
  }

  function recordOf({ server, version, values, key }: Sealing): CredentialRecord {
    const plain = encodeValues(values)
    const sealed = sealRecord({ key, plain, context: contextOf(server, version), random })
    plain.fill(0)
    return {
      serverId: server.id,
      workspaceId: server.workspaceId,
      version,
      names: [...values.keys()],
      sealed,
      updatedAt: clock.now(),
    }
  }

  return {
    peek: cache.peek,
    credentialFor: cache.get,
    put,
    async seal(server, given, before) {
      const kept = before === undefined ? undefined : await load(before)
      const all = { ...Object.fromEntries(kept?.values ?? []), ...given }
      if (Object.keys(all).length === 0) return undefined
      return recordOf({
        server,
        version: ((await credentials.byServer(server.id))?.version ?? 0) + 1,
        values: parseCredentialValues(all),
        key: await keyRing.make(server.workspaceId),
      })
    },
    async describe(server) {
      const record = await credentials.byServer(server.id)
      return record && describeRecord(record)
    },
    async remove(server) {
      await credentials.remove(server.id)
      cache.forget(server.id)
    },
    sealer: (purpose) => createSealer(deriveKey(sealingKey, `sealer/${purpose}`), random),
    signer: () => openSigningKey(masterKeys, keys),
    async rewrap(newMasterKey) {
      if (newMasterKey !== undefined) masterKeys.use(newMasterKey)
      // What was wrapped with the key before and is on its way to the store would be overlooked.
      await keyRing.made()
      return rewrapKeys(masterKeys, keys)
    },
    async masterKeyState() {
      const { older, unreadable } = await countOldKeys(masterKeys, keys)
      return { id: masterKeys.id, olderKeys: older, unreadableKeys: unreadable }
    },
    [Symbol.dispose]() {
      for (const stop of stopListening) stop()
      keyRing.forgetAll()
      cache.forgetAll()
    },
  }
}

interface Sealing {
  server: CredentialOwner
  version: number
  values: ReadonlyMap<string, string>
  key: SealingKey
}

function contextOf(server: CredentialOwner, version: number): string[] {
  return ['credential', server.workspaceId, server.id, destinationOf(server), String(version)]
}

function unseal(key: SealingKey, record: CredentialRecord, server: CredentialOwner) {
  const context = contextOf(server, record.version)
  const plain = openRecord({ key, record: record.sealed, context })
  if (plain === undefined) return undefined
  const values = decodeValues(plain)
  plain.fill(0)
  return values
}

function createSealer(key: SealingKey, random: Random): Sealer {
  return {
    seal: (plain, context) =>
      Buffer.from(sealRecord({ key, plain, context: [context], random })).toString('base64url'),
    open(sealed, context) {
      const record = Buffer.from(sealed, 'base64url')
      // One text for one record: other spellings of the same bytes are not ours.
      if (record.toString('base64url') !== sealed) return undefined
      return openRecord({ key, record, context: [context] })
    },
  }
}

function describeRecord({ names, version, updatedAt }: CredentialRecord): CredentialDescription {
  return { names, version, updatedAt }
}

function isConflict(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'conflict'
}

function unreadable(): GatewayError {
  return new GatewayError('credential_unreadable', "This server's credential cannot be opened.", {
    fix: 'Set the credential again.',
  })
}
