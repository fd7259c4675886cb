import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerText, type SmallUpstream, startSmall } from '../resilience/small-upstream.ts'
import { initialize, openHome, runNpx, startNpx } from './npx.ts'
import { serveBridge } from './serve-bridge.ts'

const BRIDGE = resolve(import.meta.dirname, '../../../bridge')

let plane: ControlPlane
let upstream: SmallUpstream
let url: string
let token: string

beforeAll(async () => {
  upstream = await startSmall(['echo'], (call) => answerText(call, JSON.stringify(call.args)))
  plane = await ControlPlane.start()
  ;({ url, token } = await plane.workspace('team'))
  await plane.addServer('team', { name: 'up', url: upstream.url })
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

describe('npx -y and the URL of a workspace', () => {
  it('runs an MCP server with the tools of the workspace, and nothing but protocol on stdout', async () => {
    using home = openHome()
    await using session = startNpx([url], { home, env: { MCPGW_TOKEN: token } })
    expect((await initialize(session)).result).toMatchObject({ protocolVersion: '2025-11-25' })
    session.notify('notifications/initialized')
    const listed = await session.request('tools/list', {})
    expect(listed.result?.tools).toMatchObject([{ name: 'up__echo' }])
    const called = await session.request('tools/call', { name: 'up__echo', arguments: { a: 1 } })
    expect(called.result?.content).toEqual([{ type: 'text', text: '{"a":1}' }])
    expect(session.lines.map((line) => JSON.parse(line).jsonrpc)).toEqual(session.lines.map(() => '2.0'))
  })

  it('starts when six clients start it at once for the first time', async () => {
    using home = openHome()
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        await using session = startNpx([url], { home, env: { MCPGW_TOKEN: token } })
        return initialize(session)
      }),
    )
    expect(answers.map(({ result }) => result?.protocolVersion)).toEqual(Array(6).fill('2025-11-25'))
  })

  it('starts for a workspace that does not exist as well, and then says what is wrong', async () => {
    using home = openHome()
    const nowhere = `${plane.url}/ws/nowhere`
    await using session = startNpx([nowhere], { home, env: { MCPGW_TOKEN: token } })
    const { error } = await initialize(session)
    expect(error?.message).toContain('no workspace')
  })

  it('says which command logs in where nobody is logged in', async () => {
    using home = openHome()
    await using session = startNpx([url], { home })
    const { error } = await initialize(session)
    expect(error?.message).toContain(`login ${url}`)
  })

  it('takes the commands of the bridge: login, whoami, and then a start without a token in the environment', async () => {
    using home = openHome()
    const login = await runNpx([url, 'login', url, '--with-token', '--json'], { home, input: token })
    expect(JSON.parse(login.stdout)).toMatchObject({ workspace: url, storage: 'file' })
    const who = await runNpx([url, 'whoami', '--json'], { home })
    expect(JSON.parse(who.stdout)).toMatchObject({ member: 'tester', role: 'developer' })
    await using session = startNpx([url], { home })
    expect((await initialize(session)).result).toBeDefined()
  })
})

describe('a control plane that is updated', () => {
  it('has the next start run the new bridge, and the old one when that comes back', async () => {
    using home = openHome()
    const folder = join(home.folder, 'bridge')
    await cp(join(BRIDGE, 'dist'), join(folder, 'dist'), { recursive: true })
    await cp(join(BRIDGE, 'package.json'), join(folder, 'package.json'))
    await using front = await serveBridge({ folder })
    const version = async () => (await runNpx([`${front.url}/ws/team`, '--version'], { home })).stdout.trim()
    const first = await version()
    await replaceInside(join(folder, 'dist'), `"${first}"`, '"9.9.9"')
    expect(await version()).toBe('9.9.9')
    await replaceInside(join(folder, 'dist'), '"9.9.9"', `"${first}"`)
    expect(await version()).toBe(first)
  })
})

async function replaceInside(folder: string, before: string, after: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    const text = await readFile(file, 'utf8')
    if (text.includes(before)) await writeFile(file, text.replaceAll(before, after))
  }
}
