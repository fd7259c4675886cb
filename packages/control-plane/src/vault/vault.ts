import type { KeyObject } from 'node:crypto'
import type { Signer } from '../model/audit-seal.ts'
import type { Change, ChangeBus } from '../model/change.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { CredentialRecord, OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { LoginState } from '../model/login-missing.ts'
import type { ServerLogin, ServerTokens } from '../model/server-login.ts'
import type { CredentialStore, KeyStore } from '../model/stores.ts'
import { createCredentialCache } from './credential-cache.ts'
import { type CredentialOwner, destinationOf } from './credential-owner.ts'
import {
  type CredentialContents,
  decodeContents,
  encodeContents,
  namesOf,
  parseCredentialValues,
  readNames,
  secretsOf,
} from './credential-values.ts'
import { deriveKey, openRecord, type SealingKey, sealRecord } from './envelope.ts'
import { checkMasterKey, countOldKeys, createKeyRing, openSealingKey, rewrapKeys } from './key-ring.ts'
import { createMasterKeys, type MasterKeys } from './master-keys.ts'
import { createScrubber, isScrubbable } from './scrubber.ts'
import { openSigningKey } from './signing-key.ts'

const PUT_ATTEMPTS = 10

/** After these an opened credential is not what is stored any more. */
const FORGETS: ReadonlySet<Change['kind']> = new Set(['credential', 'renewal', 'server'])

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
  login: LoginState
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
  /** The same as it is stored at this moment, whatever is in memory. */
  rereadFor(server: CredentialOwner): Promise<OpenCredential | undefined>
  /**
   * Replaces all values of the server's credential; a login stays. Throws `invalid_request` for values that cannot be
   * kept. Tells the names of values that are too short to be found when a server repeats them.
   */
  put(
    server: CredentialOwner,
    values: Record<string, string>,
  ): Promise<CredentialDescription & { tooShort: string[] }>
  /** Replaces the login of the server's credential; values stay. */
  logIn(server: CredentialOwner, login: ServerLogin): Promise<void>
  /**
   * Replaces the tokens of a login, or takes them away where there are no others. False, and nothing is changed, when
   * the server has another login by now, or other tokens than those.
   */
  renew(server: CredentialOwner, renewal: Renewal): Promise<boolean>
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

export interface Renewal {
  /** Id of the login. */
  login: string
  /** When the tokens that are replaced were obtained. */
  before: number
  tokens: ServerTokens | undefined
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
      if (FORGETS.has(change.kind)) cache.forget(change.id)
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
    return record && opened(record, server)
  }

  async function opened(record: CredentialRecord, server: CredentialOwner): Promise<OpenCredential> {
    const contents = await contentsOf(record, server)
    if (contents === undefined) throw unreadable()
    const { values, login, since = record.version } = contents
    const scrubber = createScrubber(secretsOf(contents))
    return { version: record.version, since, values, scrubber, ...(login !== undefined && { login }) }
  }

  async function contentsOf(
    record: CredentialRecord | undefined,
    server: CredentialOwner,
  ): Promise<CredentialContents | undefined> {
    const key = record && (await keyRing.find(server.workspaceId))
    return record && key && unseal(key, record, server)
  }

  /** Replaces what is stored by what becomes of it; undefined, and nothing is changed, where nothing becomes of it. */
  async function replace(
    server: CredentialOwner,
    become: (before: CredentialContents | undefined, version: number) => CredentialContents | undefined,
    kind: 'credential' | 'renewal' = 'credential',
  ): Promise<CredentialRecord | undefined> {
    const key = await keyRing.make(server.workspaceId)
    for (let attempt = 1; ; attempt += 1) {
      const stored = await credentials.byServer(server.id)
      const version = (stored?.version ?? 0) + 1
      const contents = become(await contentsOf(stored, server), version)
      if (contents === undefined) return undefined
      const record = recordOf({ server, version, contents, key })
      try {
        await credentials.put(record, kind)
        cache.forget(server.id)
        return record
      } catch (error) {
        if (attempt === PUT_ATTEMPTS || !isConflict(error)) throw error
      }
    }
  }

  async function put(
    server: CredentialOwner,
    unread: Record<string, string>,
  ): Promise<CredentialDescription & { tooShort: string[] }> {
    const values = parseCredentialValues(unread)
    const record = await replace(server, (before) => withLogin(values, before?.login))
    // Something always becomes of it.
    if (record === undefined) throw unreadable()
    const tooShort = [...values].filter(([, value]) => !isScrubbable(value)).map(([name]) => name)
    return { ...describeRecord(record), tooShort }
  }

  async function renew(server: CredentialOwner, { login: id, before, tokens }: Renewal): Promise<boolean> {
    const renewed = (contents: CredentialContents | undefined, version: number) => {
      const { values, login, since = version - 1 } = contents ?? {}
      if (values === undefined || login?.id !== id || login.tokens?.obtainedAt !== before) return undefined
      const { tokens: _, ...rest } = login
      return tokens === undefined ? { values, login: rest } : { values, login: { ...rest, tokens }, since }
    }
    return (await replace(server, renewed, tokens === undefined ? 'credential' : 'renewal')) !== undefined
  }

  function recordOf({ server, version, contents, key }: Sealing): CredentialRecord {
    const plain = encodeContents(contents)
    const sealed = sealRecord({ key, plain, context: contextOf(server, version), random })
    plain.fill(0)
    return {
      serverId: server.id,
      workspaceId: server.workspaceId,
      version,
      names: namesOf(contents),
      sealed,
      updatedAt: clock.now(),
    }
  }

  return {
    peek: cache.peek,
    credentialFor: cache.get,
    rereadFor(server) {
      cache.forget(server.id)
      return cache.get(server)
    },
    put,
    async logIn(server, login) {
      await replace(server, (before) => ({ values: before?.values ?? new Map(), login }))
    },
    renew,
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
  contents: CredentialContents
  key: SealingKey
}

function contextOf(server: CredentialOwner, version: number): string[] {
  return ['credential', server.workspaceId, server.id, destinationOf(server), String(version)]
}

function unseal(key: SealingKey, record: CredentialRecord, server: CredentialOwner) {
  const context = contextOf(server, record.version)
  const plain = openRecord({ key, record: record.sealed, context })
  if (plain === undefined) return undefined
  const contents = decodeContents(plain)
  plain.fill(0)
  return contents
}

function withLogin(values: ReadonlyMap<string, string>, login: ServerLogin | undefined): CredentialContents {
  return { values, ...(login !== undefined && { login }) }
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
  return { ...readNames(names), version, updatedAt }
}

function isConflict(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'conflict'
}

function unreadable(): GatewayError {
  return new GatewayError('credential_unreadable', "This server's credential cannot be opened.", {
    fix: 'Set the credential again.',
  })
}
