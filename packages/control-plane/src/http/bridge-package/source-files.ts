import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../../model/error.ts'
import { findKeyring } from './keyring.ts'
import type { SourceFile } from './source-file.ts'

/** What the bridge's package.json says and the tarball's repeats. */
export interface BridgeManifest {
  readonly version: string
  readonly license?: string
  readonly engines?: Record<string, string>
}

/** The program among the files. */
export const ENTRY = 'mcpgw.js'

/**
 * The files that a copy of the bridge consists of, sorted by name. `folder` is the bridge's own: its package.json,
 * and the build in `dist`. Rejects with `configuration` when there is no build.
 */
export async function listSourceFiles(folder: string, platform: string): Promise<SourceFile[]> {
  const dist = join(folder, 'dist')
  const names = await readdir(dist).catch((): string[] => [])
  if (!names.includes(ENTRY)) {
    throw new GatewayError('configuration', 'This control plane has no build of the bridge to hand out.', {
      fix: 'Its operator builds the bridge with "npx -y pnpm@12.21.0 run build", in the folder the control plane runs from.',
    })
  }
  const scripts = names
    .filter((name) => name.endsWith('.js'))
    .map((name) => ({ name, path: join(dist, name) }))
  const files = [...scripts, ...findLicense(folder), ...findKeyring(folder, platform)]
  return files.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** Changes whenever one of the files does, the manifest included. */
export async function fingerprintOf(folder: string, files: readonly SourceFile[]): Promise<string> {
  const all = [...files, { name: 'package.json', path: join(folder, 'package.json') }]
  const states = await Promise.all(
    all.map(async ({ path }) => {
      const { mtimeMs, size } = await stat(path)
      return [path, mtimeMs, size].join(':')
    }),
  )
  return states.join('\n')
}

export async function readBridgeManifest(folder: string): Promise<BridgeManifest> {
  // Our own file, written by us and shipped beside the bundle.
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as BridgeManifest
}

function findLicense(folder: string): SourceFile[] {
  const path = join(folder, 'LICENSE')
  return existsSync(path) ? [{ name: 'LICENSE', path }] : []
}
