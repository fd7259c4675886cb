import { join } from 'node:path'
import { asObject, asString } from '../json-object.ts'
import { readPrivateJson, writePrivateJson } from './private-json.ts'

/** Tokens in `credentials.json`, for machines without a keychain. */
export interface TokenFile {
  readonly path: string
  read(workspace: string): Promise<string | undefined>
  write(workspace: string, token: string): Promise<void>
  remove(workspace: string): Promise<boolean>
  /** The workspaces it holds a token of. */
  list(): Promise<string[]>
}

export function createTokenFile(folder: string): TokenFile {
  const path = join(folder, 'credentials.json')
  const readTokens = async () => asObject((await readPrivateJson(path)).tokens) ?? {}
  return {
    path,
    async read(workspace) {
      return asString((await readTokens())[workspace])
    },
    async write(workspace, token) {
      await writePrivateJson(path, { tokens: { ...(await readTokens()), [workspace]: token } })
    },
    async remove(workspace) {
      const { [workspace]: removed, ...kept } = await readTokens()
      if (removed !== undefined) await writePrivateJson(path, { tokens: kept })
      return removed !== undefined
    },
    async list() {
      return Object.keys(await readTokens())
    },
  }
}
