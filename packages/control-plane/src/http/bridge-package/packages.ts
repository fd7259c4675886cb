import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { SourceFile } from './source-file.ts'
import {
  type BridgeManifest,
  ENTRY,
  fingerprintOf,
  listSourceFiles,
  readBridgeManifest,
} from './source-files.ts'
import { finishTarball, startTarball, type TarballFile, type TarballStart } from './tarball.ts'

/** A copy of the bridge for one workspace. */
export interface BridgePackage {
  /** Tells apart everything that can differ between two copies. */
  readonly hash: string
  /** Its bytes in order. The large ones are the same for every request: whoever reads slowly holds no copy. */
  tarball(): readonly Uint8Array[]
}

export interface BridgePackages {
  /** Rejects with `configuration` when the bridge is not built. */
  packageFor(request: { slug: string; url: string; platform: string }): Promise<BridgePackage>
}

/** What all workspaces share on one platform. */
interface Bridge {
  readonly manifest: BridgeManifest
  readonly digest: string
  readonly start: TarballStart
}

/**
 * Packs the bridge as it lies in `folder` at the moment of asking. What is large is read and compressed once for
 * each platform and build; a workspace adds some hundred bytes, so nobody can fill memory by naming workspaces.
 */
export function createBridgePackages(folder: string): BridgePackages {
  const latest = new Map<string, { fingerprint: string; bridge: Promise<Bridge> }>()

  async function currentBridge(platform: string): Promise<Bridge> {
    const files = await listSourceFiles(folder, platform)
    const fingerprint = await fingerprintOf(folder, files)
    const known = latest.get(platform)
    if (known?.fingerprint === fingerprint) return known.bridge
    const bridge = readBridge(folder, files)
    latest.set(platform, { fingerprint, bridge })
    bridge.catch(() => latest.delete(platform))
    return bridge
  }

  return {
    async packageFor({ slug, url, platform }) {
      const { manifest, digest, start } = await currentBridge(platform)
      const { version, license, engines } = manifest
      const workspace = asJson({ url })
      const described = { version, type: 'module', license, engines }
      const hash = sha256(digest, workspace, asJson(described))
      // npx keeps a package from a URL for ever while its name stays the same, and when an earlier build comes back
      // it starts by the name of the program, which is therefore the package's own too.
      const name = `mcpgw-${slug}-${hash.slice(0, 12)}`
      const last = [
        { name: 'package.json', data: asJson({ name, ...described, bin: { [name]: ENTRY } }) },
        { name: 'workspace.json', data: workspace },
      ]
      return { hash, tarball: () => finishTarball(start, last) }
    },
  }
}

async function readBridge(folder: string, sources: readonly SourceFile[]): Promise<Bridge> {
  const files = await Promise.all(
    sources.map(async ({ name, path }) => ({ name, data: await readFile(path) })),
  )
  const [manifest, start] = await Promise.all([readBridgeManifest(folder), startTarball(files)])
  return { manifest, start, digest: digestOf(files) }
}

function digestOf(files: readonly TarballFile[]): string {
  return sha256(...files.flatMap(({ name, data }) => [`${name}:${data.length}\n`, data]))
}

function sha256(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function asJson(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}
