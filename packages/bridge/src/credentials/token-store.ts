import { asBridgeError, BridgeError } from '../bridge-error.ts'
import type { Network } from '../http/network.ts'
import type { Settings } from '../settings.ts'
import { readConfig, type Storage, writeConfig } from './config.ts'
import { createKeychain } from './keychain.ts'
import { requireWellFormedToken } from './token.ts'
import { createTokenFile } from './token-file.ts'

export type TokenSource = 'MCPGW_TOKEN' | Storage

export interface FoundToken {
  readonly token: string
  readonly source: TokenSource
}

/** Where tokens of logins are kept: the keychain, or a private file where there is none. */
export interface TokenStore {
  /** Rejects with `login_needed` when nobody logged in, and with the reason when a storage does not answer. */
  require(workspace: string): Promise<FoundToken>
  /** Stores the token and makes its workspace the default. `warning` says why it is not in the keychain. */
  save(workspace: string, token: string): Promise<{ storage: Storage; path: string; warning?: string }>
  /** Deletes the token from both storages. */
  forget(workspace: string): Promise<boolean>
  defaultWorkspace(): Promise<string | undefined>
  /** The network settings remembered from the login. */
  network(workspace: string): Promise<Network>
}

export function createTokenStore(settings: Settings): TokenStore {
  const folder = settings.configFolder
  const keychain = createKeychain(settings)
  const file = createTokenFile(folder)
  const mayUseKeychain = settings.storage !== 'file'

  async function requireToken(workspace: string): Promise<FoundToken> {
    if (settings.token !== undefined) return found(settings.token, 'MCPGW_TOKEN')
    const recorded = (await readConfig(folder)).workspaces.get(workspace)?.storage
    if (!mayUseKeychain || recorded === 'file') return found(await file.read(workspace), 'file', workspace)
    if (recorded === 'keychain') return found(await keychain.read(workspace), 'keychain', workspace)
    return search(workspace)
  }

  /** Without a record of the login (config.json was lost) both places are asked. */
  async function search(workspace: string): Promise<FoundToken> {
    const answer = await keychain.read(workspace).catch(asBridgeError)
    if (typeof answer === 'string') return found(answer, 'keychain')
    return found(await file.read(workspace), 'file', workspace, answer?.message)
  }

  async function save(workspace: string, token: string) {
    const trouble = mayUseKeychain ? await keychain.probe().catch(asBridgeError) : undefined
    const storage: Storage = mayUseKeychain && trouble === undefined ? 'keychain' : 'file'
    if (storage === 'keychain') await keychain.write(workspace, token)
    else await file.write(workspace, token)
    if (storage === 'keychain') await file.remove(workspace)
    await record(workspace, storage)
    const warning = trouble?.message
    return { storage, path: file.path, ...(warning === undefined ? {} : { warning }) }
  }

  async function record(workspace: string, storage: Storage): Promise<void> {
    const config = await readConfig(folder)
    const workspaces = new Map(config.workspaces).set(workspace, {
      storage,
      ...(Object.keys(settings.network).length > 0 && { network: settings.network }),
    })
    await writeConfig(folder, { defaultWorkspace: workspace, workspaces })
  }

  async function unrecord(workspace: string): Promise<void> {
    const config = await readConfig(folder)
    const workspaces = new Map(config.workspaces)
    workspaces.delete(workspace)
    const { defaultWorkspace: last } = config
    await writeConfig(folder, { workspaces, defaultWorkspace: last === workspace ? undefined : last })
  }

  async function forget(workspace: string): Promise<boolean> {
    const config = await readConfig(folder)
    const wasInKeychain = config.workspaces.get(workspace)?.storage === 'keychain'
    const fromFile = await file.remove(workspace)
    const fromKeychain = mayUseKeychain
      ? await keychain.remove(workspace).catch((error: BridgeError) => {
          if (wasInKeychain) throw error
          return false
        })
      : false
    const wasKnown = config.workspaces.has(workspace)
    if (wasKnown) await unrecord(workspace)
    return fromFile || fromKeychain || wasKnown
  }

  return {
    require: requireToken,
    save,
    forget,
    defaultWorkspace: async () => (await readConfig(folder)).defaultWorkspace,
    network: async (workspace) => (await readConfig(folder)).workspaces.get(workspace)?.network ?? {},
  }
}

const sourceNames: Readonly<Record<TokenSource, string>> = {
  MCPGW_TOKEN: 'MCPGW_TOKEN',
  keychain: 'the keychain',
  file: 'credentials.json',
}

function found(
  token: string | undefined,
  source: TokenSource,
  workspace = 'URL',
  trouble?: string,
): FoundToken {
  if (token !== undefined) return { token: requireWellFormedToken(token.trim(), sourceNames[source]), source }
  const why = trouble === undefined ? '' : ` (${trouble})`
  throw new BridgeError('login_needed', `Nobody is logged in to ${workspace} on this machine${why}.`, {
    fix: `Type: mcpgw login ${workspace} --with-token`,
  })
}
