import { execFile } from 'node:child_process'
import { readdirSync, realpathSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { PROGRAM } from '../program.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { LOOK_AROUND_SERVER } from '../servers/look-around-server.ts'
import { type NpmRegistry, startNpmRegistry } from '../servers/npm-registry.ts'

const SERVERS = '/workspaces/team/servers'
const SERVER = { manifest: { bin: 'server.js' }, files: { 'server.js': LOOK_AROUND_SERVER } }
let registry: NpmRegistry
let plane: ControlPlane
let client: WireClient
let isSandboxed: boolean

beforeAll(async () => {
  registry = await startNpmRegistry()
  for (const name of ['look-around', '@team/neighbour', 'slow', 'unused'])
    registry.publish(name, '1.0.0', SERVER)
  const shy = LOOK_AROUND_SERVER.replace('{ tools: {} }', '{ tools: {}, resources: {}, prompts: {} }')
  registry.publish('shy', '1.0.0', { ...SERVER, files: { 'server.js': shy } })
  plane = await ControlPlane.start({ env: { ...registry.env, CANARY: 'of-the-gateway' } })
  await plane.workspace('team')
  const added = await plane.addServer('team', fromNpm('look', 'look-around', { args: ['--deep', '{{KEY}}'] }))
  expect(added).toMatchObject({ status: 'needs_credential' })
  await plane.api('PUT', `${SERVERS}/look/credential`, { values: { KEY: 'of-the-server' } })
  const { sandbox } = await plane.addServer('team', fromNpm('other', '@team/neighbour'))
  isSandboxed = (sandbox as { kind: string }).kind === 'bwrap'
  client = await WireClient.open(`${plane.url}/ws/team`, await plane.token('team'))
}, 60_000)

afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
})

function fromNpm(name: string, identifier: string, more: Record<string, unknown> = {}) {
  return { name, package: { registryType: 'npm', identifier, version: '1.0.0' }, ...more }
}

async function evaluate(code: string, server = 'look'): Promise<unknown> {
  return JSON.parse(await client.call(`${server}__evaluate`, { code }))
}

/** What reading a path gives inside the server: its text, the names in it, or why not. */
function look(path: string): Promise<unknown> {
  return evaluate(`const fs = require('node:fs')
    const path = ${JSON.stringify(path)}
    try { return fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path, 'utf8') }
    catch (error) { return error.code }`)
}

const storeFolder = () => join(realpathSync(plane.dataDir), 'packages/npm')

describe('a server from an npm package', () => {
  it('is shown as what was asked for, and gets its arguments', async () => {
    expect(await plane.api('GET', `${SERVERS}/look`)).toMatchObject({
      kind: 'hosted',
      status: 'ready',
      tools: 1,
      package: { registryType: 'npm', identifier: 'look-around', version: '1.0.0' },
      args: ['--deep', '{{KEY}}'],
    })
    expect(await evaluate('return [args[0], args[1].length]')).toEqual(['--deep', 'of-the-server'.length])
  })

  it('is started by our own Node, with nothing of npm or the gateway about it', async () => {
    expect(await evaluate('return process.version')).toBe(process.version)
    const names = 'return Object.keys(process.env).filter((name) => /npm|mcpgw|canary/i.test(name))'
    expect(await evaluate(names)).toEqual([])
    expect(await evaluate("return require('node:os').userInfo().username")).toEqual(expect.any(String))
  })

  it('says that it is being installed, also to who calls it meanwhile, and is there when that is done', async () => {
    const answer = registry.hang()
    await plane.api('POST', SERVERS, fromNpm('slow', 'slow', { timeoutMs: 1_000 }))
    await expect
      .poll(() => plane.api('GET', `${SERVERS}/slow`))
      .toMatchObject({
        status: 'connecting',
        progress: expect.stringContaining('slow 1.0.0 is being installed'),
      })
    const call = { name: 'slow__evaluate', arguments: { code: 'return 1' } }
    const early = await client.send('tools/call', call)
    // It has no tools yet that anybody knows of.
    expect(early.body.error?.message).toMatch(/slow__evaluate/)
    answer()
    await expect.poll(() => plane.api('GET', `${SERVERS}/slow`)).toMatchObject({ status: 'ready', tools: 1 })
    expect(await evaluate('return 1', 'slow')).toBe(1)
  })

  it('tells a call that waited in vain that the package is still being installed', async () => {
    const { slug } = await plane.workspace('waiting')
    await plane.addServer(slug, fromNpm('known', 'look-around', { timeoutMs: 1_000 }))
    await plane.kill()
    rmSync(join(storeFolder(), 'look-around@1.0.0'), { recursive: true })
    const answer = registry.hang()
    await plane.start()
    const waiting = await WireClient.open(`${plane.url}/ws/${slug}`, await plane.token(slug))
    await expect(waiting.call('known__evaluate', { code: 'return 1' })).rejects.toThrow(/is being installed/)
    answer()
    await expect
      .poll(() => plane.api('GET', `/workspaces/${slug}/servers/known`))
      .toMatchObject({ status: 'ready' })
  })

  it('starts again without the registry', async () => {
    await plane.kill('SIGKILL')
    const asked = registry.asked.length
    await plane.start()
    expect(await plane.api('POST', `${SERVERS}/other/check`)).toMatchObject({ status: 'ready' })
    client = await WireClient.open(`${plane.url}/ws/team`, await plane.token('team'))
    expect(await evaluate('return 2', 'other')).toBe(2)
    expect(registry.asked).toHaveLength(asked)
  })

  it('keeps its tools when it refuses to list resources and prompts', async () => {
    expect(await plane.addServer('team', fromNpm('shy', 'shy'))).toMatchObject({ status: 'ready', tools: 1 })
  })

  it('says what is wrong with its package and how to mend it', async () => {
    expect(await plane.addServer('team', fromNpm('none', 'no-such-package'))).toMatchObject({
      status: 'failing',
      error: {
        code: 'configuration',
        message: expect.stringContaining('no-such-package 1.0.0 cannot be installed'),
        fix: expect.stringContaining('.npmrc'),
      },
    })
  })

  it('can be added by a command on the machine of the control plane', async () => {
    const words = [
      'server',
      'add',
      'team',
      'typed',
      '--package',
      'npm:@team/neighbour@1.0.0',
      '--json',
      '--',
      '--deep',
    ]
    const { stdout } = await promisify(execFile)(process.execPath, [
      PROGRAM,
      '--data-dir',
      plane.dataDir,
      ...words,
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      package: { registryType: 'npm', identifier: '@team/neighbour', version: '1.0.0' },
      args: ['--deep'],
    })
  })

  it('is added by owners alone, at one exact version, and without secrets in plain text', async () => {
    const admin = await plane.token('team', { role: 'admin' })
    expect(await plane.tryApi('POST', SERVERS, fromNpm('new', 'look-around'), admin)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    })
    const ranged = { ...fromNpm('new', 'look-around').package, version: '^1.0.0' }
    expect(await plane.tryApi('POST', SERVERS, { name: 'new', package: ranged })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('one exact version') },
    })
    const env = { API_KEY: 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789' }
    expect(await plane.tryApi('POST', SERVERS, fromNpm('new', 'look-around', { env }))).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('secret in plain text') },
    })
    const variable = { NODE_OPTIONS: '--inspect' }
    expect(
      await plane.tryApi('POST', SERVERS, fromNpm('new', 'look-around', { env: variable })),
    ).toMatchObject({
      status: 400,
    })
  })

  it('[M34] sees its package read-only, and no other, and nothing else of the data folder', async ({
    skip,
  }) => {
    skip(!isSandboxed, 'this machine has no sandbox')
    const own = join(storeFolder(), 'look-around@1.0.0')
    const file = join(own, 'node_modules/look-around/server.js')
    expect(await look(file)).toBe(LOOK_AROUND_SERVER)
    expect(await look(storeFolder())).toEqual(['look-around@1.0.0'])
    expect(await look(join(storeFolder(), '@team+neighbour@1.0.0'))).toBe('ENOENT')
    expect(await look(join(realpathSync(plane.dataDir), 'mcpgw.db'))).toBe('ENOENT')
    expect(((await look(realpathSync(plane.dataDir))) as string[]).sort()).toEqual(['hosted', 'packages'])
    const write = `try { require('node:fs').writeFileSync(${JSON.stringify(file)}, '') } catch (error) { return error.code }`
    expect(await evaluate(write)).toMatch(/EROFS|EACCES/)
    expect(await look(file)).toBe(LOOK_AROUND_SERVER)
  })

  it('leaves no package behind that was not started for a day, once it is removed', async () => {
    await plane.addServer('team', fromNpm('unused', 'unused'))
    await plane.api('DELETE', `${SERVERS}/unused`)
    await plane.kill()
    const before = new Date(Date.now() - 2 * 24 * 60 * 60_000)
    for (const name of ['unused@1.0.0', 'look-around@1.0.0'])
      utimesSync(join(storeFolder(), name), before, before)
    await plane.start()
    await expect.poll(() => readdirSync(storeFolder())).not.toContain('unused@1.0.0')
    expect(readdirSync(storeFolder())).toContain('look-around@1.0.0')
  })
})
