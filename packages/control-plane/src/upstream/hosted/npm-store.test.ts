import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NpmRegistry, startNpmRegistry } from '../../../test/servers/npm-registry.ts'
import type { PackageRef } from '../../model/server.ts'
import { type NpmStore, type NpmStoreOptions, openNpmStore } from './npm-store.ts'

const root = mkdtempSync(join(tmpdir(), 'npm-store-'))
const INSTALLER = join(import.meta.dirname, '../../../test/servers/install-package.ts')
const DAY_MS = 24 * 60 * 60_000
let registry: NpmRegistry
let store: NpmStore
let now = Date.now()

beforeAll(async () => {
  registry = await startNpmRegistry()
  store = open('store')
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})

function open(folder: string, options: Partial<NpmStoreOptions> = {}): NpmStore {
  return openNpmStore({
    folder: join(root, folder),
    clock: { now: () => now },
    nodePath: process.execPath,
    searchPath: process.env.PATH ?? '',
    env: registry.env,
    ...options,
  })
}

function ref(identifier: string, version = '1.0.0'): PackageRef {
  return { registryType: 'npm', identifier, version }
}

const refusal = (installing: Promise<unknown>) =>
  installing.then(
    () => expect.unreachable('It was installed.'),
    (error) => ({ code: error.code, message: error.message, fix: error.fix }),
  )

describe('packages from npm', () => {
  it('are installed once however many ask, with what they need, and not asked for again', async () => {
    registry.publish('helper', '2.1.0')
    registry.publish('@team/once', '1.0.0', { manifest: { dependencies: { helper: '^2.0.0' } } })
    const [folder = '', ...others] = await Promise.all([1, 2, 3].map(() => store.folderOf(ref('@team/once'))))
    expect(others).toEqual([folder, folder])
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      '@team',
      'helper',
    ])
    const asked = registry.asked.length
    expect(registry.asked.filter((path) => path.endsWith('.tgz'))).toHaveLength(2)
    expect(await open('store').folderOf(ref('@team/once'))).toBe(folder)
    expect(registry.asked).toHaveLength(asked)
  })

  it('are installed once by two processes that need them at the same time', async () => {
    registry.publish('shared', '1.0.0')
    const run = () =>
      promisify(execFile)(process.execPath, [
        INSTALLER,
        join(root, 'both'),
        `${registry.url}/`,
        'shared',
        '1.0.0',
      ])
    const [one, other] = await Promise.all([run(), run()])
    expect(one.stdout).toBe(other.stdout)
    expect(registry.asked.filter((path) => path === '/shared/-/1.0.0.tgz')).toHaveLength(1)
  })

  it('[M34] run nothing while they are installed', async () => {
    const marker = join(root, 'ran')
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [name, `touch ${marker}`]),
    )
    registry.publish('eager', '1.0.0', { manifest: { scripts, hasInstallScript: true } })
    const folder = await store.folderOf(ref('eager'))
    expect(existsSync(join(folder, 'node_modules/eager/package.json'))).toBe(true)
    expect(existsSync(marker)).toBe(false)
  })

  it('can be read by every user, so that servers which are others can', async () => {
    registry.publish('readable', '1.0.0', { files: { 'index.js': '' } })
    const before = process.umask(0o077)
    const folder = await store.folderOf(ref('readable')).finally(() => process.umask(before))
    expect(statSync(folder).mode & 0o777).toBe(0o755)
    expect(statSync(join(folder, 'node_modules/readable/index.js')).mode & 0o777).toBe(0o644)
  })

  it('are installed by an npm that knows what it was told of the environment and nothing else', async () => {
    const folder = join(root, 'programs')
    mkdirSync(folder)
    const said = join(root, 'environment')
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\nenv > ${said}\nexit 1\n`)
    chmodSync(join(folder, 'npm'), 0o755)
    process.env.MCPGW_CANARY = 'secret'
    const searchPath = `${folder}:/usr/bin:/bin`
    await refusal(open('told', { searchPath, env: { NPM_TOKEN: 'of-the-operator' } }).folderOf(ref('told')))
    delete process.env.MCPGW_CANARY
    const names = readFileSync(said, 'utf8').match(/^\w+(?==)/gm)
    expect(names?.sort()).toEqual(['HOME', 'LANG', 'NPM_TOKEN', 'PATH', 'PWD', 'TMPDIR'])
  })

  it('[M34] are the same when they are installed again, or not installed', async () => {
    registry.publish('moving', '1.0.0', { files: { 'index.js': 'first' } })
    const folder = await store.folderOf(ref('moving'))
    await store.remove(ref('moving'))
    expect(existsSync(folder)).toBe(false)
    registry.publish('moving', '1.0.0', { files: { 'index.js': 'second' } })
    expect(await refusal(store.folderOf(ref('moving')))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('is not what it gave before'),
    })
  })

  it('leave nothing half installed, and what a killed process left is cleared', async () => {
    const left = join(root, 'store', '.left@1.0.0-abc123')
    mkdirSync(left)
    registry.publish('left', '1.0.0')
    await store.folderOf(ref('left'))
    await refusal(store.folderOf(ref('not-there')))
    expect(readdirSync(join(root, 'store')).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('are removed a day after their last start once no server uses them, and never before', async () => {
    const swept = open('swept')
    for (const name of ['used', 'unused', '@team/unused']) {
      registry.publish(name, '1.0.0')
      await swept.folderOf(ref(name))
    }
    expect(await swept.sweep([ref('used')])).toEqual([])
    now += DAY_MS + 1
    expect((await swept.sweep([ref('used')])).sort()).toEqual(['@team/unused@1.0.0', 'unused@1.0.0'])
    expect(readdirSync(join(root, 'swept')).sort()).toEqual(['lockfiles', 'locks', 'used@1.0.0'])
  })

  it.each([
    ['a folder above', '..', '1.0.0'],
    ['a folder above, as a scope', '@team/..', '1.0.0'],
    ['a path as its version', 'name', '../../x'],
    ['an option of npm', '--global', '1.0.0'],
    ['an address', 'git+ssh://host/x', '1.0.0'],
    ['a range', 'name', '^1.0.0'],
  ])('[M34] are not installed when they are called %s', async (_, identifier, version) => {
    const asked = registry.asked.length
    expect(await refusal(store.folderOf(ref(identifier, version)))).toMatchObject({ code: 'configuration' })
    expect(registry.asked).toHaveLength(asked)
  })
})

describe('an npm package that cannot be installed', () => {
  it('is told to be none when the registry does not know it', async () => {
    expect(await refusal(store.folderOf(ref('unknown')))).toMatchObject({
      code: 'configuration',
      message: 'The npm package unknown 1.0.0 cannot be installed: the registry has no such package.',
      fix: expect.any(String),
    })
  })

  it('is told to lack the version, or something it needs', async () => {
    registry.publish('old', '1.0.0')
    expect(await refusal(store.folderOf(ref('old', '2.0.0')))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('there is no version 2.0.0 of it'),
    })
    registry.publish('needy', '1.0.0', { manifest: { dependencies: { missing: '1.0.0' } } })
    expect(await refusal(store.folderOf(ref('needy')))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('it needs the package missing'),
    })
  })

  it.each([
    ['a git repository', 'git+https://127.0.0.1:1/x.git'],
    ['a GitHub repository', 'github:nobody/nothing'],
  ])('[M34] is refused when it needs %s', async (_, address) => {
    registry.publish('elsewhere', '1.0.0', { manifest: { dependencies: { thing: address } } })
    expect(await refusal(open('elsewhere').folderOf(ref('elsewhere')))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('does not come from a registry'),
    })
  })

  it('says that the registry cannot be reached', async () => {
    const nowhere = open('nowhere', { env: { npm_config_registry: 'http://127.0.0.1:1/' } })
    expect(await refusal(nowhere.folderOf(ref('any')))).toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('the npm registry cannot be reached'),
      fix: expect.stringContaining('.npmrc'),
    })
  })

  it('says that npm is missing', async () => {
    expect(await refusal(open('without', { searchPath: '/nonexistent' }).folderOf(ref('any')))).toMatchObject(
      {
        code: 'configuration',
        message: expect.stringContaining('needs npm'),
        fix: expect.stringContaining('Install npm'),
      },
    )
  })

  it('is given up when it is too large', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'x').toString()
    registry.publish('large', '1.0.0', { files: { 'data.txt': large } })
    const small = open('small', { maxBytes: 2 * 1024 * 1024 })
    expect(await refusal(small.folderOf(ref('large')))).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('more than 2 MiB'),
    })
    expect(readdirSync(join(root, 'small')).sort()).toEqual(['lockfiles', 'locks'])
  })

  it('is given up when it takes too long, or the gateway ends meanwhile', async () => {
    await using silent = await startNpmRegistry()
    silent.hang()
    const late = open('late', { env: silent.env, timeoutMs: 3_000 })
    expect(await refusal(late.folderOf(ref('any')))).toMatchObject({ code: 'upstream_timeout' })
    const closing = open('closing', { env: silent.env })
    const given = refusal(closing.folderOf(ref('any')))
    await expect.poll(() => silent.asked.length).toBeGreaterThan(1)
    expect(closing.isInstalling(ref('any'))).toBe(true)
    await closing[Symbol.asyncDispose]()
    expect(await given).toMatchObject({ code: 'cancelled' })
  })
})
