import { join } from 'node:path'
import { asObject, asString } from '../json-object.ts'
import { readPrivateJson, writePrivateJson } from './private-json.ts'

export type Storage = 'keychain' | 'file'

/** What `config.json` remembers: which workspaces this user logged in to, and where each token is kept. */
export interface Config {
  readonly defaultWorkspace: string | undefined
  readonly workspaces: ReadonlyMap<string, { readonly storage: Storage }>
}

export async function readConfig(folder: string): Promise<Config> {
  const value = await readPrivateJson(configPath(folder))
  const workspaces = Object.entries(asObject(value.workspaces) ?? {}).flatMap(([url, entry]) => {
    const storage = asString(asObject(entry)?.storage)
    return storage === 'keychain' || storage === 'file' ? [[url, { storage }] as const] : []
  })
  return { defaultWorkspace: asString(value.defaultWorkspace), workspaces: new Map(workspaces) }
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
