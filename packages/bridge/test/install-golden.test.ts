import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../src/bridge-error.ts'
import type { Client } from '../src/clients/client.ts'
import { clients } from '../src/clients/client-table.ts'
import { configFileOf } from '../src/clients/find-clients.ts'
import { planInstall } from '../src/clients/install-entry.ts'
import { createInstalls } from '../src/clients/installs.ts'
import { planUninstall } from '../src/clients/uninstall-entry.ts'

// What install makes of each client's configuration. After a change that is meant: vitest run -u, then read the diff.
// The files end in .txt because no formatter may touch them.
const golden = fileURLToPath(new URL('golden/clients', import.meta.url))
const platforms = ['darwin', 'linux', 'win32'] as const
type Platform = (typeof platforms)[number]

const now = () => new Date('2026-11-22T10:15:00Z')
const wish = {
  key: 'mcpgw',
  workspace: 'https://gateway.example.com/ws/eng',
  kind: 'package',
  force: false,
} as const

/** A home of its own, on a machine where npx is where every program finds it. */
function createHome(platform: Platform) {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  const programs = join(home, 'programs')
  mkdirSync(programs)
  for (const name of ['npx', 'npx.cmd']) writeFileSync(join(programs, name), '', { mode: 0o755 })
  const copy = { node: '/usr/bin/node', script: '/x/node_modules/mcpgw/mcpgw.js', ownWorkspace: undefined }
  const machine = { place: { platform, home, env: {} }, copy, folders: [programs] }
  const work = { machine, installs: createInstalls(join(home, 'own')), now }
  return {
    home,
    fileOf: (client: Client) => configFileOf(client, machine.place),
    async install(client: Client) {
      const plan = await planInstall(client, wish, work)
      const changes = plan.before !== plan.after
      return { changes, ...(await plan.apply()) }
    },
    async uninstall(client: Client) {
      for (const plan of await planUninstall(client, undefined, work)) await plan.apply()
    },
  }
}

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const read = (file: string) => readFileSync(file, 'utf8')

function beforeOf(client: Client): string {
  const [name = ''] = readdirSync(join(golden, client.id)).filter((file) => file.startsWith('before.'))
  return read(join(golden, client.id, name))
}

/** The files of macOS and Linux have the same content. */
function goldenFile(client: Client, platform: Platform, name: string): string {
  const system = platform === 'win32' ? 'windows' : 'posix'
  return join(golden, client.id, `${name}.${system}.${client.format}.txt`)
}

const rows = clients.flatMap((client) =>
  platforms
    .filter((platform) => client.files({ platform, home: '/', env: {} }).length > 0)
    .map((platform) => [client.id, platform, client] as const),
)

it('knows where every client keeps its configuration on every platform', async () => {
  const lines = rows.map(([id, platform, client]) => {
    const files = client.files({ platform, home: '/home/ada', env: {} })
    return `${id} ${platform}: ${files.map((file) => relative('/home/ada', file)).join(' or ')}\n`
  })
  await expect(lines.join('')).toMatchFileSnapshot(join(golden, 'paths.txt'))
})

describe.each(rows)('%s on %s', (_, platform, client) => {
  it('makes the file that is missing, private, and takes it away again with its folders', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    await home.install(client)
    await expect(read(file)).toMatchFileSnapshot(goldenFile(client, platform, 'fresh'))
    expect(statSync(file).mode & 0o777).toBe(0o600)

    await home.uninstall(client)
    expect(readdirSync(home.home).sort()).toEqual(['own', 'programs'])
  })

  it('adds its entry to a file and keeps everything else, and gives the bytes back', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    const before = beforeOf(client)
    put(file, before)
    chmodSync(file, 0o640)
    const { backup } = await home.install(client)
    const after = read(file)
    await expect(after).toMatchFileSnapshot(goldenFile(client, platform, 'after'))
    expect(before.includes('\r\n') && /[^\r]\n/.test(after)).toBe(false)
    expect(after.startsWith('\ufeff')).toBe(before.startsWith('\ufeff'))
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(backup).toBe(`${file}.mcpgw-20261122T101500Z.bak`)
    expect(read(backup ?? '')).toBe(before)

    await home.uninstall(client)
    expect(read(file)).toBe(before)
    expect(readdirSync(dirname(file)).filter((name) => name.includes('mcpgw'))).toEqual([])
  })

  it('writes nothing and makes no backup the second time', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    put(file, beforeOf(client))
    await home.install(client)
    const names = readdirSync(dirname(file))
    const { mtimeMs, ino } = statSync(file)
    expect(await home.install(client)).toEqual({ changes: false, backup: undefined })
    expect(readdirSync(dirname(file))).toEqual(names)
    expect(statSync(file)).toMatchObject({ mtimeMs, ino })
  })

  it('removes its entry alone when the file was changed since', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    const before = beforeOf(client)
    put(file, before)
    await home.install(client)
    const later = client.format === 'json' ? '\n// later\n' : '# later\n'
    writeFileSync(file, read(file) + later)
    await home.uninstall(client)
    expect(read(file)).toBe(before + later)
  })

  it('leaves a broken file as it is, and says where it is broken', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    const broken = `${beforeOf(client)}\n]{ "\n`
    put(file, broken)
    const error = await home.install(client).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BridgeError)
    expect(String(error)).toMatch(/line \d+, column \d+/)
    expect(String(error)).not.toContain('not-a-real-secret')
    expect(read(file)).toBe(broken)
    expect(readdirSync(dirname(file)).filter((name) => name.includes('mcpgw'))).toEqual([])
  })

  it('leaves a read-only file as it is', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    put(file, beforeOf(client))
    chmodSync(file, 0o444)
    await expect(home.install(client)).rejects.toThrow('may not be written')
    expect(read(file)).toBe(beforeOf(client))
  })

  it('changes the file behind a link, and the link stays', async () => {
    const home = createHome(platform)
    const file = home.fileOf(client)
    const target = join(home.home, 'dotfiles', 'config')
    put(target, beforeOf(client))
    mkdirSync(dirname(file), { recursive: true })
    symlinkSync(target, file)
    await home.install(client)
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    await expect(read(target)).toMatchFileSnapshot(goldenFile(client, platform, 'after'))
    await home.uninstall(client)
    expect(read(target)).toBe(beforeOf(client))
    expect(existsSync(file)).toBe(true)
  })
})
