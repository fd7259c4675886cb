import { join } from 'node:path'
import type { Network } from '../http/network.ts'
import { asObject, asString, type JsonObject } from '../json-object.ts'
import { readPrivateJson, writePrivateJson } from './private-json.ts'

export type Storage = 'keychain' | 'file'

/** What `config.json` remembers: which workspaces this user logged in to, and where each token is kept. */
export interface Config {
  readonly defaultWorkspace: string | undefined
  readonly workspaces: ReadonlyMap<string, KnownWorkspace>
}

export interface KnownWorkspace {
  readonly storage: Storage
  /** The network settings of the shell that logged in, when it had any. */
  readonly network?: Network
}

export async function readConfig(folder: string): Promise<Config> {
  const value = await readPrivateJson(configPath(folder))
  const workspaces = Object.entries(asObject(value.workspaces) ?? {}).flatMap(([url, entry]) => {
    const known = readKnown(asObject(entry) ?? {})
    return known === undefined ? [] : [[url, known] as const]
  })
  return { defaultWorkspace: asString(value.defaultWorkspace), workspaces: new Map(workspaces) }
}

function readKnown({ storage, network }: JsonObject): KnownWorkspace | undefined {
  if (storage !== 'keychain' && storage !== 'file') return undefined
  return network === undefined ? { storage } : { storage, network: readNetwork(asObject(network) ?? {}) }
}

function readNetwork(stored: JsonObject): Network {
  const names = ['httpsProxy', 'httpProxy', 'noProxy', 'caFile'] as const
  const entries = names.flatMap((name) => {
    const text = asString(stored[name])
    return text === undefined ? [] : [[name, text] as const]
  })
  return Object.fromEntries(entries)
}

export async function writeConfig(folder: string, config: Config): Promise<void> {
  await writePrivateJson(configPath(folder), {
    ...(config.defaultWorkspace === undefined ? {} : { defaultWorkspace: config.defaultWorkspace }),
    workspaces: Object.fromEntries(config.workspaces),
  })
}

function configPath(folder: string): string {
  return join(folder, 'config.json')
}
