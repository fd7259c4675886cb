import type { Signer } from '../model/audit-seal.ts'
import type { ChangeBus } from '../model/change.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { CredentialRecord, OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import type { CredentialStore, KeyStore } from '../model/stores.ts'
import { createCredentialCache } from './credential-cache.ts'
import { decodeValues, encodeValues, parseCredentialValues } from './credential-values.ts'
import { openRecord, type SealingKey, sealRecord } from './envelope.ts'
import { checkMasterKey, createKeyRing, rewrapKeys } from './key-ring.ts'
import { createMasterKeys, type MasterKeys } from './master-keys.ts'
import { createScrubber } from './scrubber.ts'
import { openSigningKey } from './signing-key.ts'

const PUT_ATTEMPTS = 10

export interface VaultOptions {
  masterKey: Uint8Array
  /** The master key before the last change, while that change is not finished. */
  previousMasterKey?: Uint8Array
  keys: KeyStore
  credentials: CredentialStore
  bus: ChangeBus
  clock: Clock
  random: Random
}

/** The server a credential belongs to: a credential moved to another one does not open. */
export type CredentialOwner = Pick<Server, 'id' | 'workspaceId'>

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
  /** Replaces all values of the server's credential. Throws `invalid_request` for values that cannot be kept. */
  put(server: CredentialOwner, values: Record<string, string>): Promise<CredentialDescription>
  describe(server: CredentialOwner): Promise<CredentialDescription | undefined>
  remove(server: CredentialOwner): Promise<void>
  /** What one purpose has sealed no other opens. Outlives a change of the master key while the old key is known. */
  sealer(purpose: string): Sealer
  /** What signs for this installation: the same key as long as its database lives. */
  signer(): Promise<Signer>
  /**
   * Changes the master key while calls go on: wraps the data keys again, not the credentials. May be killed half-way
   * and called again after opening with the new key and the old one as `previousMasterKey`. Resolves to the number
   * of keys it wrapped.
   */
  rewrap(newMasterKey: Uint8Array): Promise<number>
}

/**
 * Opens the vault. Throws `configuration`, and writes nothing, when the master key is not the one the stored
 * credentials were sealed with. The key given is copied; the caller may wipe it.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { masterKey, previousMasterKey, random } = options
  const known = previousMasterKey === undefined ? [masterKey] : [masterKey, previousMasterKey]
  const masterKeys = createMasterKeys(known, random)
  await checkMasterKey(masterKeys, options)
  return createVault(options, masterKeys)
}

function createVault({ keys, credentials, bus, clock, random }: VaultOptions, masterKeys: MasterKeys): Vault {
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
  ): Promise<CredentialDescription> {
    const values = parseCredentialValues(unread)
    const key = await keyRing.make(server.workspaceId)
    for (let attempt = 1; ; attempt += 1) {
      const version = ((await credentials.byServer(server.id))?.version ?? 0) + 1
      const record = recordOf({ server, version, values, key })
      try {
        await credentials.put(record)
        cache.forget(server.id)
        return describeRecord(record)
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
    async describe(server) {
      const record = await credentials.byServer(server.id)
      return record && describeRecord(record)
    },
    async remove(server) {
      await credentials.remove(server.id)
      cache.forget(server.id)
    },
    sealer: (purpose) => createSealer(masterKeys, purpose),
    signer: () => openSigningKey(masterKeys, keys),
    rewrap(newMasterKey) {
      masterKeys.add(newMasterKey)
      return rewrapKeys(masterKeys, keys)
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
  return ['credential', server.workspaceId, server.id, String(version)]
}

function unseal(key: SealingKey, record: CredentialRecord, server: CredentialOwner) {
  const context = contextOf(server, record.version)
  const plain = openRecord({ key, record: record.sealed, context })
  if (plain === undefined) return undefined
  const values = decodeValues(plain)
  plain.fill(0)
  return values
}

function createSealer(masterKeys: MasterKeys, purpose: string): Sealer {
  const keyPurpose = `sealer/${purpose}`
  return {
    seal: (plain, context) =>
      Buffer.from(masterKeys.seal(keyPurpose, plain, [context])).toString('base64url'),
    open(sealed, context) {
      const record = Buffer.from(sealed, 'base64url')
      // One text for one record: other spellings of the same bytes are not ours.
      if (record.toString('base64url') !== sealed) return undefined
      return masterKeys.open(keyPurpose, record, [context])
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
