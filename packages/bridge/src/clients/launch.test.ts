import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { chooseLaunchKind, createLaunch, type LaunchWish } from './launch.ts'
import { readOurEntry } from './our-entry.ts'

const workspace = 'https://gateway.example.com/ws/eng'
const npxArguments = ['-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', workspace]

function createFolder(...names: string[]): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'mcpgw-launch-')), 'bin')
  mkdirSync(folder)
  for (const name of names) writeFileSync(join(folder, name), '', { mode: 0o755 })
  return folder
}

function wishFor(folder: string, wish: Partial<LaunchWish> = {}): LaunchWish {
  return {
    kind: 'package',
    workspace,
    copy: { node: join(folder, 'node'), script: '/x/mcpgw.js', ownWorkspace: undefined },
    place: { platform: 'linux', home: '/home/ada', env: {} },
    isDesktop: true,
    needsShell: true,
    folders: [],
    ...wish,
  }
}

it('names npx bare where every program finds it, and in clients started from a shell', () => {
  const folder = createFolder('npx')
  const bare = { command: 'npx', args: npxArguments, env: {} }
  expect(createLaunch(wishFor('/nowhere', { folders: [folder] }))).toEqual(bare)
  expect(createLaunch(wishFor(folder, { isDesktop: false }))).toEqual(bare)
})

it('names npx by its folder where only a shell finds it', () => {
  const folder = createFolder('npx')
  expect(createLaunch(wishFor(folder))).toEqual({
    command: join(folder, 'npx'),
    args: npxArguments,
    env: { PATH: `${folder}:/usr/local/bin:/usr/bin:/bin` },
  })
})

it('starts npx through cmd on Windows, and finds it by PATH', () => {
  const folder = createFolder('npx.cmd')
  const place = { platform: 'win32', home: 'C:\\Users\\Ada L', env: {} } as const
  const env = { PATH: `${folder};C:\\Windows\\System32;C:\\Windows` }
  expect(createLaunch(wishFor(folder, { place }))).toEqual({
    command: 'cmd',
    args: ['/c', 'npx', ...npxArguments],
    env,
  })
  expect(createLaunch(wishFor(folder, { place, needsShell: false }))).toEqual({
    command: 'npx',
    args: npxArguments,
    env,
  })
})

it('hands on where the settings are, unless they are where every bridge looks', () => {
  const envOf = (env: Record<string, string>) =>
    createLaunch(wishFor('/nowhere', { place: { platform: 'linux', home: '/home/ada', env } })).env
  expect(envOf({ XDG_CONFIG_HOME: '/home/ada/.config' })).toEqual({})
  expect(envOf({ XDG_CONFIG_HOME: '/etc/ada' })).toEqual({ MCPGW_CONFIG_DIR: '/etc/ada/mcpgw' })
  expect(envOf({ MCPGW_CONFIG_DIR: '/own', MCPGW_TOKEN: 'x', HTTPS_PROXY: 'http://a:b@c' })).toEqual({
    MCPGW_CONFIG_DIR: '/own',
  })
})

it.each([
  ['auto', '/x/node_modules/mcpgw/dist/mcpgw.js', undefined, 'package'],
  ['auto', '/src/mcpgw/packages/bridge/dist/mcpgw.js', undefined, 'script'],
  ['auto', '/x/node_modules/mcpgw/dist/mcpgw.js', workspace, 'url'],
  ['npx', '/src/mcpgw/packages/bridge/dist/mcpgw.js', undefined, 'package'],
  ['node', '/x/node_modules/mcpgw/dist/mcpgw.js', workspace, 'script'],
] as const)('with --launcher %s, %s and own workspace %s uses %s', (launcher, script, ownWorkspace, kind) => {
  expect(chooseLaunchKind(launcher, { node: '/node', script, ownWorkspace })).toBe(kind)
})

it.each([
  [{ command: 'npx', args: npxArguments }, workspace],
  [{ command: 'cmd', args: ['/c', 'npx', ...npxArguments] }, workspace],
  [{ command: '/a/bin/npx', args: ['-y', '--allow-remote=all', workspace] }, workspace],
  [{ command: ['C:\\node.exe', 'C:\\x\\mcpgw.js', 'stdio', '--workspace', workspace] }, workspace],
  [{ cmd: 'npx', args: ['-y', 'mcpgw'] }, undefined],
])('knows %j for its own', (entry, expected) => {
  expect(readOurEntry(entry)).toMatchObject({ workspace: expected })
})

it.each([
  { url: workspace },
  { command: 'npx', args: ['-y', 'mcpgw-other'] },
  { command: 'docker', args: ['mcpgw'] },
  { command: 'node', args: ['/x/other.js', 'mcpgw'] },
  'mcpgw',
  null,
])('does not take %j for its own', (entry) => {
  expect(readOurEntry(entry)).toBeUndefined()
})
