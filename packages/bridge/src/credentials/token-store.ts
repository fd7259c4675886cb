import { BridgeError } from '../bridge-error.ts'
import type { Network } from '../http/network.ts'
import type { Settings } from '../settings.ts'
import { type Config, readConfig, type Storage, writeConfig } from './config.ts'
import { withFolderLock } from './folder-lock.ts'
import { absenceOf, createKeychain } from './keychain.ts'
import { requireWellFormedToken } from './token.ts'
import { createTokenFile } from './token-file.ts'

export type TokenSource = 'MCPGW_TOKEN' | Storage

export interface FoundToken {
  readonly token: string
  readonly source: TokenSource
  /** The source for people: the keychain's name, the path of the file, or the variable. */
  readonly where: string
}

/** Where a login's token can be kept on this machine, found out before there is one. */
export interface TokenPlace {
  readonly storage: Storage
  /** For people: the keychain's name or the path of the file. */
  readonly where: string
  /** Why it is not the keychain, when nobody asked for a file. */
  readonly warning: string | undefined
  /** Keeps the token, and the network it was fetched through, and makes its workspace the default. */
  save(workspace: string, token: string, network: Network): Promise<void>
}

export interface KnownLogin {
  readonly workspace: string
  readonly storage: Storage
  readonly isDefault: boolean
}

/** Where tokens of logins are kept: the keychain, or a private file where there is none. */
export interface TokenStore {
  /** Rejects with `login_needed` when nobody logged in, and with the reason when a storage does not answer. */
  require(workspace: string): Promise<FoundToken>
  /**
   * Rejects when there is a keychain that does not answer, for which it takes a MCPGW_STORAGE=file to go round it, and
   * when the files of ours cannot be read or written.
   */
  openPlace(): Promise<TokenPlace>
  /** Deletes the token from both storages. */
  forget(workspace: string): Promise<boolean>
  /** The logins of this user, without asking a keychain. */
  logins(): Promise<KnownLogin[]>
  /** For people: where a token that is stored in this way is. */
  describe(storage: Storage): string
  defaultWorkspace(): Promise<string | undefined>
  makeDefault(workspace: string): Promise<void>
  /** The network settings remembered from the login. */
  network(workspace: string): Promise<Network>
}

export function createTokenStore(settings: Settings): TokenStore {
  const folder = settings.configFolder
  const keychain = createKeychain(settings)
  const file = createTokenFile(folder)
  const mayUseKeychain = settings.storage !== 'file'
  const describe = (storage: Storage) => (storage === 'keychain' ? keychain.name : file.path)

  async function requireToken(workspace: string): Promise<FoundToken> {
    if (settings.token !== undefined) return found(settings.token, 'MCPGW_TOKEN')
    const recorded = (await readConfig(folder)).workspaces.get(workspace)?.storage
    const token = await readToken(workspace, mayUseKeychain ? recorded : 'file')
    if (token !== undefined) return token
    throw new BridgeError('login_needed', `Nobody is logged in to ${workspace} on this machine.`, {
      fix: `Type: mcpgw login ${workspace}`,
    })
  }

  /** Without a record of the login (config.json was lost) both places are asked. */
  async function readToken(workspace: string, storage: Storage | undefined): Promise<FoundToken | undefined> {
    const inFile = storage === 'keychain' ? undefined : await file.read(workspace)
    if (inFile !== undefined) return found(inFile, 'file')
    if (storage === 'file') return undefined
    const reading = keychain.read(workspace)
    const answer = await (storage === 'keychain' ? reading : reading.catch(absenceOf))
    return typeof answer === 'string' ? found(answer, 'keychain') : undefined
  }

  function found(token: string, source: TokenSource): FoundToken {
    const where = source === 'MCPGW_TOKEN' ? source : describe(source)
    return { token: requireWellFormedToken(token.trim(), where), source, where }
  }

  async function openPlace(): Promise<TokenPlace> {
    const state = mayUseKeychain ? await keychain.probe() : 'not wanted'
    const storage: Storage = state === 'works' ? 'keychain' : 'file'
    // What says that one is logged in is a file in either case; an invite must not be used up for nothing.
    await withFolderLock(folder, () => readConfig(folder))
    return {
      storage,
      where: describe(storage),
      warning: typeof state === 'string' ? undefined : `There is no keychain here: ${state.message}.`,
      save: (workspace, token, network) => save(workspace, token, storage, network),
    }
  }

  async function save(workspace: string, token: string, storage: Storage, network: Network): Promise<void> {
    if (storage === 'keychain') await keychain.write(workspace, token)
    const known = { storage, ...(Object.keys(network).length > 0 && { network }) }
    await withFolderLock(folder, async () => {
      if (storage === 'keychain') await file.remove(workspace)
      else await file.write(workspace, token)
      const { workspaces } = await readConfig(folder)
      await writeConfig(folder, {
        defaultWorkspace: workspace,
        workspaces: new Map(workspaces).set(workspace, known),
      })
    })
  }

  async function forget(workspace: string): Promise<boolean> {
    const recorded = (await readConfig(folder)).workspaces.get(workspace)?.storage
    const mayBeInKeychain = mayUseKeychain || recorded === 'keychain'
    const wasInKeychain = mayBeInKeychain && (await removeFromKeychain(workspace, recorded))
    return withFolderLock(folder, async () => {
      const wasInFile = await file.remove(workspace)
      const config = await readConfig(folder)
      const wasKnown = config.workspaces.has(workspace)
      if (wasKnown) await writeConfig(folder, without(config, workspace))
      return wasInKeychain || wasInFile || wasKnown
    })
  }

  /** A keychain that fails matters only to a token that may be in it. */
  function removeFromKeychain(workspace: string, recorded: Storage | undefined): Promise<boolean> {
    return keychain.remove(workspace).catch((error: unknown) => {
      if (recorded === 'keychain') throw error
      return false
    })
  }

  async function logins(): Promise<KnownLogin[]> {
    const { workspaces, defaultWorkspace } = await readConfig(folder)
    const unrecorded = (await file.list()).filter((workspace) => !workspaces.has(workspace))
    const recorded = Array.from(workspaces, ([workspace, { storage }]) => ({ workspace, storage }))
    return [...recorded, ...unrecorded.map((workspace) => ({ workspace, storage: 'file' as const }))].map(
      (login) => ({ ...login, isDefault: login.workspace === defaultWorkspace }),
    )
  }

  async function makeDefault(workspace: string): Promise<void> {
    await withFolderLock(folder, async () => {
      await writeConfig(folder, { ...(await readConfig(folder)), defaultWorkspace: workspace })
    })
  }

  return {
    require: requireToken,
    openPlace,
    forget,
    logins,
    describe,
    makeDefault,
    defaultWorkspace: async () => (await readConfig(folder)).defaultWorkspace,
    network: async (workspace) => (await readConfig(folder)).workspaces.get(workspace)?.network ?? {},
  }
}

/** The only login left becomes the default; among several nobody but the user can choose. */
function without({ workspaces, defaultWorkspace }: Config, workspace: string): Config {
  const left = new Map(workspaces)
  left.delete(workspace)
  if (defaultWorkspace !== workspace) return { workspaces: left, defaultWorkspace }
  const [only, another] = left.keys()
  return { workspaces: left, defaultWorkspace: another === undefined ? only : undefined }
}
