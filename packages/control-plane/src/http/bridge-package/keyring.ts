import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { SourceFile } from './source-file.ts'

/**
 * The builds of the keychain's native module, by what package managers say of their system. Linux says nothing of
 * its C library: a system without glibc cannot load the module, and its bridge keeps tokens in a private file.
 */
const BUILDS: Readonly<Record<string, string>> = {
  'darwin arm64': 'darwin-arm64',
  'darwin x64': 'darwin-x64',
  'freebsd x64': 'freebsd-x64',
  'linux arm': 'linux-arm-gnueabihf',
  'linux arm64': 'linux-arm64-gnu',
  'linux riscv64': 'linux-riscv64-gnu',
  'linux x64': 'linux-x64-gnu',
  'win32 arm64': 'win32-arm64-msvc',
  'win32 ia32': 'win32-ia32-msvc',
  'win32 x64': 'win32-x64-msvc',
}

/** The system a package manager names in its user agent, `npm/11.19.1 node/v20.20.2 linux x64 …`; empty when unknown. */
export function platformOf(userAgent: string | undefined): string {
  const [, system, processor] = /\bnode\/\S+ (\w+) (\w+)/.exec(userAgent ?? '') ?? []
  const platform = `${system} ${processor}`
  return Object.hasOwn(BUILDS, platform) ? platform : ''
}

/** The native module for a platform, with the licences it comes under, as far as this installation has it. */
export function findKeyring(bridgeFolder: string, platform: string): SourceFile[] {
  const build = BUILDS[platform]
  if (build === undefined) return []
  const keyring = resolveFrom(join(bridgeFolder, 'package.json'), '@napi-rs/keyring/package.json')
  if (keyring === undefined) return []
  const native = resolveFrom(keyring, `@napi-rs/keyring-${build}`)
  if (native === undefined) return []
  const licenses = [keyring, native].flatMap((file) => licensesIn(dirname(file)))
  return [{ name: 'keyring.node', path: native }, ...licenses]
}

function resolveFrom(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(name)
  } catch {
    return undefined
  }
}

function licensesIn(folder: string): SourceFile[] {
  const names = readdirSync(folder).filter((name) => name.startsWith('LICENSE'))
  return names.map((name) => ({ name: `keyring-${name}`, path: join(folder, name) }))
}
