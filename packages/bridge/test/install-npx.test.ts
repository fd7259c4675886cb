import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { requireClients } from '../src/clients/find-clients.ts'
import { planInstall } from '../src/clients/install-entry.ts'
import { createInstalls } from '../src/clients/installs.ts'
import { bridgeFile, initializeRequest, watchBridge } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { runCommand } from './support/run-command.ts'
import { goodToken, openTestGateway } from './support/test-gateway.ts'

/** `npx` and `node` in a folder that only a shell knows, as version managers have it. */
function createVersionManager(home: string): string {
  const folder = join(home, 'versions', 'bin')
  mkdirSync(folder, { recursive: true })
  symlinkSync(process.execPath, join(folder, 'node'))
  symlinkSync(execFileSync('sh', ['-c', 'command -v npx'], { encoding: 'utf8' }).trim(), join(folder, 'npx'))
  return folder
}

/** The package as it is published, or as a control plane makes it for one workspace. */
function pack(workspace?: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-pack-'))
  const home = join(folder, 'package')
  cpSync(dirname(bridgeFile), join(home, 'dist'), { recursive: true })
  const manifest = { name: 'mcpgw', version: '1.0.0', type: 'module', bin: { mcpgw: 'dist/mcpgw.js' } }
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest))
  if (workspace !== undefined) {
    writeFileSync(join(home, 'dist', 'workspace.json'), JSON.stringify({ url: workspace }))
  }
  return execFileSync('tar', ['-cz', '-C', folder, 'package'], { maxBuffer: 64 * 1024 * 1024 })
}

/** A package registry that has one package, and hands the same out under any workspace's URL. */
async function openRegistry(packed: Buffer) {
  const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`
  const server = createServer((request, response) => {
    if (request.url !== '/mcpgw') return void response.end(packed)
    const dist = { tarball: `${origin}/mcpgw.tgz`, integrity }
    const version = { name: 'mcpgw', version: '1.0.0', bin: { mcpgw: 'dist/mcpgw.js' }, dist }
    const versions = { '1.0.0': version }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name: 'mcpgw', 'dist-tags': { latest: '1.0.0' }, versions }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an AddressInfo.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

it.each(['package', 'url'] as const)(
  'writes an npx entry (%s) that starts without the PATH of a shell',
  async (kind) => {
    await using gateway = await openTestGateway(createLegacyServer().handler)
    await using registry = await openRegistry(pack(kind === 'url' ? gateway.url : undefined))
    const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
    const folder = createVersionManager(home)
    writeFileSync(join(home, '.npmrc'), `registry=${registry.origin}/\nupdate-notifier=false\n`)
    const settings = join(home, 'own settings')
    const login = { MCPGW_CONFIG_DIR: settings, MCPGW_STORAGE: 'file', PATH: '' }
    await runCommand(['login', gateway.url, '--with-token'], { env: login, input: goodToken })

    const env = { PATH: `/usr/bin:${folder}`, MCPGW_CONFIG_DIR: settings }
    const copy = {
      node: join(folder, 'node'),
      script: '/x/node_modules/mcpgw/mcpgw.js',
      ownWorkspace: undefined,
    }
    const machine = { place: { platform: 'linux' as const, home, env }, copy, folders: [] }
    const [cursor] = requireClients(['cursor'], machine.place)
    if (cursor === undefined) throw new Error('There is no Cursor.')
    // The workspace's own copy comes from the gateway; the test gateway hands out none, so the registry does.
    const workspace = kind === 'url' ? `${registry.origin}/ws/demo` : gateway.url
    const wish = { key: 'mcpgw', workspace, kind, force: false }
    const plan = await planInstall(cursor, wish, {
      machine,
      installs: createInstalls(settings),
      now: () => new Date(),
    })
    await plan.apply()

    const entry = JSON.parse(readFileSync(join(home, '.cursor', 'mcp.json'), 'utf8')).mcpServers.mcpgw
    expect(entry.command).toBe(join(folder, 'npx'))
    expect(entry.env.PATH.split(':')[0]).toBe(folder)
    await using bridge = watchBridge(spawn(entry.command, entry.args, { env: { HOME: home, ...entry.env } }))
    bridge.send(initializeRequest())
    expect((await bridge.answerTo(1)).result).toHaveProperty('serverInfo')
    bridge.child.stdin.end()
    expect(await bridge.exited).toBe(0)
  },
)
