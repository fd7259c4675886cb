import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { chmod, copyFile, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../model/clock.ts'
import { GatewayError } from '../../model/error.ts'
import { nameOfPackage, problemWithPackage } from '../../model/package.ts'
import type { PackageRef } from '../../model/server.ts'
import { takeLock } from './folder-lock.ts'
import { explainNpm } from './npm-errors.ts'
import { type NpmOptions, runNpm } from './npm-install.ts'
import { readManifest } from './package-bin.ts'

export interface NpmStoreOptions extends Omit<NpmOptions, 'timeoutMs' | 'maxBytes'> {
  /** Where packages are installed; made when missing. */
  folder: string
  clock: Clock
  timeoutMs?: number
  maxBytes?: number
}

/** npm packages, each installed once at its exact version. Disposing it ends what is being installed. */
export interface NpmStore extends AsyncDisposable {
  /**
   * Where the package is installed: a folder with `node_modules`. Installs it if need be, once however many ask, and
   * asks no network when it is there. Rejects with GatewayError.
   */
  folderOf(ref: PackageRef): Promise<string>
  isInstalling(ref: PackageRef): boolean
  /** Removes what is not among these and was not started for a day. Resolves with the names of what is gone. */
  sweep(used: readonly PackageRef[]): Promise<string[]>
  /** Removes one package; nothing may run from it. */
  remove(ref: PackageRef): Promise<void>
}

// The slowest of 180 packages took 157 s on two slow cores.
const TIMEOUT_MS = 5 * 60_000
// The largest known takes 1.4 GB, and its downloads half of that.
const MAX_BYTES = 3 * 1024 * 1024 * 1024
/** npm uses a core and hundreds of megabytes. */
const AT_ONCE = 2
/** Whatever still runs from a package was started by a server that there was a day ago at most. */
const UNUSED_MS = 24 * 60 * 60_000

export function openNpmStore(options: NpmStoreOptions): NpmStore {
  for (const name of ['', 'locks', 'lockfiles'])
    mkdirSync(join(options.folder, name), { recursive: true, mode: 0o700 })
  return new FolderStore(options)
}

class FolderStore implements NpmStore {
  readonly #options: NpmStoreOptions & NpmOptions
  readonly #installing = new Map<string, Promise<void>>()
  /** What was last begun with each folder. */
  readonly #last = new Map<string, Promise<unknown>>()
  readonly #closing = new AbortController()
  readonly #turns = new Turns(AT_ONCE)

  constructor(options: NpmStoreOptions) {
    this.#options = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ...options }
  }

  async folderOf(ref: PackageRef): Promise<string> {
    const key = keyOf(ref)
    const folder = this.#folder(key)
    if (!existsSync(folder)) await this.#installOnce(key, ref)
    const now = new Date(this.#options.clock.now())
    await utimes(folder, now, now)
    return folder
  }

  isInstalling(ref: PackageRef): boolean {
    return this.#installing.has(nameOfFolder(ref))
  }

  async sweep(used: readonly PackageRef[]): Promise<string[]> {
    const kept = new Set(used.map(nameOfFolder))
    const before = this.#options.clock.now() - UNUSED_MS
    const unused = readdirSync(this.#options.folder).filter(
      (key) =>
        key.includes('@', 1) && !key.startsWith('.') && !kept.has(key) && this.#startedAt(key) < before,
    )
    for (const key of unused) await this.#remove(key)
    return unused.map((key) => key.replace('+', '/'))
  }

  async remove(ref: PackageRef): Promise<void> {
    await this.#remove(keyOf(ref))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#installing.values())
  }

  #folder(key: string): string {
    return join(this.#options.folder, key)
  }

  #startedAt(key: string): number {
    return statSync(this.#folder(key), { throwIfNoEntry: false })?.mtimeMs ?? 0
  }

  #installOnce(key: string, ref: PackageRef): Promise<void> {
    const running = this.#installing.get(key)
    if (running !== undefined) return running
    const installing = this.#turns
      .take(() => this.#alone(key, () => this.#install(key, ref)))
      .catch((error) => Promise.reject(asInstallError(ref, error)))
      .finally(() => this.#installing.delete(key))
    this.#installing.set(key, installing)
    return installing
  }

  /** One thing at a time with each folder, in this process and in all. */
  #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const mine = Promise.resolve(before)
      .catch(() => {})
      .then(() => this.#locked(key, work))
    this.#last.set(key, mine)
    return mine
  }

  /** Another process may use the same folder, as while one control plane takes over from another. */
  async #locked<T>(key: string, work: () => Promise<T>): Promise<T> {
    using lock = await takeLock(join(this.#options.folder, 'locks', key), this.#options.timeoutMs)
    // Awaited here: the lock is given back when this function returns.
    if (lock !== undefined) return await work()
    throw new GatewayError(
      'upstream_timeout',
      'Another process has been installing the package for minutes.',
      {
        fix: 'Check the server again later.',
      },
    )
  }

  async #install(key: string, ref: PackageRef): Promise<void> {
    if (existsSync(this.#folder(key))) return
    await this.#clearRemains(key)
    const building = await mkdtemp(join(this.#options.folder, `.${key}-`))
    try {
      await this.#build(building, key, ref)
      await rename(building, this.#folder(key))
    } finally {
      await rm(building, { recursive: true, force: true })
    }
  }

  /** What a process that was killed has left: whoever has the lock is alone with it. */
  async #clearRemains(key: string): Promise<void> {
    for (const name of readdirSync(this.#options.folder))
      if (name.startsWith(`.${key}-`)) await rm(this.#folder(name), { recursive: true, force: true })
  }

  async #build(building: string, key: string, ref: PackageRef): Promise<void> {
    const { identifier, version = '' } = ref
    const lockfile = join(building, 'package-lock.json')
    const kept = join(this.#options.folder, 'lockfiles', `${key}.json`)
    const isKnown = existsSync(kept)
    const manifest = { private: true, dependencies: { [identifier]: version } }
    await writeFile(join(building, 'package.json'), JSON.stringify(manifest))
    if (isKnown) await copyFile(kept, lockfile)
    await runNpm(isKnown ? 'ci' : 'install', ref, building, this.#options, this.#closing.signal)
    await requireChecksums(ref, lockfile)
    if (readManifest(building, identifier)?.version !== version) throw explainNpm(ref, 'It is not there.')
    for (const name of ['cache', 'home', 'tmp'])
      await rm(join(building, name), { recursive: true, force: true })
    await copyFile(lockfile, kept)
    await chmod(building, 0o755)
  }

  async #remove(key: string): Promise<void> {
    await this.#alone(key, async () => {
      if (!existsSync(this.#folder(key))) return
      // Moved first, so that what is half removed is never taken for installed.
      const going = join(this.#options.folder, `.${key}-going`)
      await rm(going, { recursive: true, force: true })
      await rename(this.#folder(key), going)
      await rm(going, { recursive: true, force: true })
    })
  }
}

/** npm names hold no "+". */
function nameOfFolder({ identifier, version }: PackageRef): string {
  return `${identifier.replace('/', '+')}@${version}`
}

/** Throws for what would be another folder. */
function keyOf(ref: PackageRef): string {
  const problem = ref.registryType === 'npm' ? problemWithPackage(ref) : 'it is no npm package'
  if (problem !== undefined)
    throw new GatewayError('configuration', `The package cannot be installed: ${problem}.`)
  return nameOfFolder(ref)
}

const lockfileShape = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({
      integrity: z.string().optional(),
      inBundle: z.boolean().optional(),
      link: z.boolean().optional(),
      optional: z.boolean().optional(),
    }),
  ),
})

/** Whatever has no checksum could be something else the next time. */
async function requireChecksums(ref: PackageRef, lockfile: string): Promise<void> {
  const { packages } = lockfileShape.parse(JSON.parse(await readFile(lockfile, 'utf8')))
  const unknown = Object.entries(packages).filter(
    ([path, { integrity, inBundle }]) => path !== '' && integrity === undefined && inBundle !== true,
  )
  if (unknown.length === 0) return
  throw new GatewayError(
    'unsupported',
    `The npm package ${nameOfPackage(ref)} needs something that has no checksum: ${unknown[0]?.[0]}.`,
    { fix: 'Use another version, or install it yourself and add the server by its command.' },
  )
}

function asInstallError(ref: PackageRef, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  // Errors of the file system carry their code in the text.
  return explainNpm(ref, error instanceof Error ? error.message : String(error))
}

/** Lets only so many work at once; the others wait in order. */
class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next !== undefined) next()
      else this.#free++
    }
  }
}
