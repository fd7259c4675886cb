import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ParsedTarFileItem, parseTarGzip } from 'nanotar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { serveBridge, serveFront } from './serve-bridge.ts'

const BRIDGE = resolve(import.meta.dirname, '../../../bridge')
const NPM = { 'user-agent': 'npm/11.19.1 node/v20.20.2 linux x64 workspaces/false', accept: '*/*' }
const NPM_ON_WINDOWS = { ...NPM, 'user-agent': 'npm/10.9.0 node/v22.1.0 win32 x64 workspaces/false' }
const BROWSER = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)',
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
}
const STREAM = { 'user-agent': 'node', accept: 'text/event-stream' }

async function filesOf(response: Response): Promise<Map<string, ParsedTarFileItem>> {
  const files = await parseTarGzip(await response.arrayBuffer())
  return new Map(files.filter(({ name }) => name !== '').map((file) => [file.name, file]))
}

async function jsonIn(response: Response, name: string) {
  return JSON.parse((await filesOf(response)).get(`package/${name}`)?.text ?? '')
}

describe('who gets what at the URL of a workspace', () => {
  let front: Awaited<ReturnType<typeof serveFront>>
  beforeAll(async () => {
    const answer = (who: string) => (response: ServerResponse) => void response.writeHead(200, { who }).end()
    const forSlug = (who: string) => (_slug: string, _request: IncomingMessage, response: ServerResponse) =>
      answer(who)(response)
    front = await serveFront({
      mcp: forSlug('mcp'),
      openAi: (_slug, endpoint, _request, response) => answer(`openai ${endpoint}`)(response),
      bridgePackage: forSlug('package'),
      other: (_request, response) => answer('other')(response),
    })
  })
  afterAll(() => front[Symbol.asyncDispose]())

  const pnpm = { 'user-agent': 'pnpm/12.21.0 npm/? node/v24.1.0 linux x64', accept: 'application/json' }
  const yarn = { 'user-agent': 'yarn/1.22.22 npm/? node/v20.1.0 linux x64' }
  const renamedNpm = { 'user-agent': 'our-company', 'pacote-req-type': 'tarball' }
  const any = { 'user-agent': 'curl/8', accept: '*/*' }

  it.each([
    ['npm', 'GET', NPM, 'package'],
    ['npm under another name', 'GET', renamedNpm, 'package'],
    ['pnpm that asks before', 'HEAD', pnpm, 'package'],
    ['pnpm that accepts JSON', 'GET', pnpm, 'package'],
    ['yarn', 'GET', yarn, 'package'],
    ['an MCP client that opens its stream', 'GET', STREAM, 'mcp'],
    [
      'an MCP client that would take a page as well',
      'GET',
      { ...STREAM, accept: 'text/html, text/event-stream' },
      'mcp',
    ],
    ['a browser', 'GET', BROWSER, 'other'],
    ['a browser that looks first', 'HEAD', BROWSER, 'other'],
    ['somebody who says nothing', 'GET', any, 'mcp'],
    ['a message', 'POST', { accept: 'application/json, text/event-stream' }, 'mcp'],
    ['a message from a browser', 'POST', BROWSER, 'mcp'],
    ['a message from a script run by npm', 'POST', NPM, 'mcp'],
    ['the end of a session', 'DELETE', BROWSER, 'mcp'],
  ])('%s (%s)', async (_who, method, headers, expected) => {
    for (const path of ['/ws/team', '/ws/team/', '/ws/team?v=2']) {
      const response = await fetch(front.url + path, { method, headers })
      expect(response.headers.get('who')).toBe(expected)
    }
  })

  it('npm at another path of the workspace is not given the bridge', async () => {
    const response = await fetch(`${front.url}/ws/team/openai/tools`, { headers: NPM })
    expect(response.headers.get('who')).toBe('openai tools')
  })
})

describe('the package that a control plane hands out', () => {
  let plane: ControlPlane
  beforeAll(async () => {
    plane = await ControlPlane.start()
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  const ask = (headers: Record<string, string>, slug = 'team', method = 'GET') =>
    fetch(`${plane.url}/ws/${slug}`, { headers, method })

  it('holds the built bridge, the URL of the workspace, and no dependency', async () => {
    const files = await filesOf(await ask(NPM))
    const manifest = JSON.parse(files.get('package/package.json')?.text ?? '')
    expect(manifest.name).toMatch(/^mcpgw-team-[0-9a-f]{12}$/)
    expect(manifest).toMatchObject({ type: 'module', bin: { [manifest.name]: 'mcpgw.js' } })
    expect(Object.keys(manifest).filter((key) => /dependencies|scripts/i.test(key))).toEqual([])
    expect(JSON.parse(files.get('package/workspace.json')?.text ?? '')).toEqual({
      url: `${plane.url}/ws/team`,
    })
    expect(files.get('package/mcpgw.js')?.attrs?.mode).toMatch(/755$/)
  })

  it('is the same, byte by byte, as long as nothing changes', async () => {
    const [one, other] = await Promise.all([ask(NPM), ask(NPM)])
    expect(Buffer.from(await one.arrayBuffer()).equals(Buffer.from(await other.arrayBuffer()))).toBe(true)
  })

  it('has a name of its own for every workspace and every address', async () => {
    const byName = { ...NPM, host: 'localhost' }
    const names = await Promise.all([
      jsonIn(await ask(NPM), 'package.json'),
      jsonIn(await ask(NPM, 'other'), 'package.json'),
      jsonIn(
        await fetch(`${plane.url.replace('127.0.0.1', 'localhost')}/ws/team`, { headers: byName }),
        'package.json',
      ),
    ])
    expect(new Set(names.map(({ name }) => name)).size).toBe(3)
  })

  it('is told apart for caches, asked for again at every start, and kept while the control plane is down', async () => {
    const { headers } = await ask(NPM)
    expect(headers.get('vary')).toBe('Accept, User-Agent')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/)
  })

  it('is not sent again to who has it', async () => {
    const etag = (await ask(NPM)).headers.get('etag') ?? ''
    const again = await ask({ ...NPM, 'if-none-match': `W/"old", ${etag}` })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    expect((await ask({ ...NPM, 'if-none-match': '"old"' })).status).toBe(200)
    // What another workspace gets is another file.
    expect((await ask({ ...NPM, 'if-none-match': etag }, 'other')).status).toBe(200)
  })

  it('is described to HEAD without being sent', async () => {
    const [head, get] = [await ask(NPM, 'team', 'HEAD'), await ask(NPM)]
    for (const name of ['etag', 'content-length', 'content-type', 'vary']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name))
    }
    expect(await head.text()).toBe('')
  })

  it('says nothing about which workspaces there are', async () => {
    await plane.workspace('real')
    const [real, none] = [await ask(NPM, 'real'), await ask(NPM, 'none')]
    expect([real.status, none.status]).toEqual([200, 200])
    const contents = async (response: Response) => [...(await filesOf(response)).keys()]
    expect(await contents(real)).toEqual(await contents(none))
  })

  it('holds the native module of the keychain for the system that asks, and for no other', async ({
    skip,
  }) => {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      return skip('the module here is for another system')
    const forLinux = await filesOf(await ask(NPM))
    expect(forLinux.has('package/keyring.node')).toBe(true)
    expect([...forLinux.keys()].filter((name) => name.includes('keyring-LICENSE')).length).toBeGreaterThan(0)
    for (const headers of [
      NPM_ON_WINDOWS,
      { 'user-agent': 'npm/11.0.0' },
      { 'user-agent': 'npm/1 node/v1 __proto__ x' },
    ]) {
      expect((await filesOf(await ask(headers))).has('package/keyring.node')).toBe(false)
    }
  })

  it('leaves MCP clients and messages where they were', async () => {
    for (const [method, headers] of [
      ['GET', STREAM],
      ['POST', NPM],
      ['DELETE', NPM],
    ] as const) {
      const response = await ask(headers, 'team', method)
      expect([method, response.status]).toEqual([method, 401])
    }
  })
})

it('names the public URL in the package when there is one', async () => {
  const publicUrl = 'https://tools.example.com/gateway'
  await using front = await serveBridge({ folder: BRIDGE, publicUrl })
  const response = await fetch(`${front.url}/ws/team`, { headers: NPM })
  expect(await jsonIn(response, 'workspace.json')).toEqual({ url: `${publicUrl}/ws/team` })
})

describe('a bridge that changes, or is not there', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcpgw-bridge-'))
    await cp(join(BRIDGE, 'package.json'), join(folder, 'package.json'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is refused in one plain sentence that npm shows, and handed out once it is built', async () => {
    await using front = await serveBridge({ folder })
    const ask = () => fetch(`${front.url}/ws/team`, { headers: NPM })
    const refused = await ask()
    const text = await refused.text()
    expect([refused.status, refused.headers.get('content-type')]).toEqual([503, 'text/plain; charset=utf-8'])
    expect(text).toMatch(/no build of the bridge/)
    expect(refused.headers.get('npm-notice')).toBe(text.trimEnd())
    expect(front.warnings.map(({ code }) => code)).toEqual(['configuration'])

    await cp(join(BRIDGE, 'dist'), join(folder, 'dist'), { recursive: true })
    const built = await jsonIn(await ask(), 'package.json')
    await rm(join(folder, 'dist/mcpgw.js'))
    expect((await ask()).status).toBe(503)
    await writeFile(join(folder, 'dist/mcpgw.js'), 'another build')
    const changed = await jsonIn(await ask(), 'package.json')
    expect(changed.name).not.toBe(built.name)
  })
})
