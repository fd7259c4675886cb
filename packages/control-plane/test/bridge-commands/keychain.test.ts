import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSessionBus, startSilentSecretService } from '../../../bridge/test/support/session-bus.ts'
import { ControlPlane } from '../control-plane.ts'
import { EVERYTHING } from '../gateway/everything.ts'
import { BRIDGE } from './run-bridge.ts'

const open = new AsyncDisposableStack()
const isInstalled = (program: string) => spawnSync('which', [program]).status === 0
const maxMs = 3_000

let url: string
let token: string
let home: string

beforeAll(async () => {
  const plane = open.use(await ControlPlane.start())
  ;({ url, token } = await plane.workspace('team'))
  await plane.addServer('team', { name: 'everything', command: 'node', args: [EVERYTHING, 'stdio'] })
})

afterAll(() => open.disposeAsync())

interface Step {
  answer: Record<string, unknown>
  tookMs: number
}

/** Logs in, asks who that is, calls a tool and logs out: four programs in turn, in a home of their own. */
async function roundTrip(bus: string | undefined, more: Record<string, string> = {}): Promise<Step[]> {
  home = await mkdtemp(join(tmpdir(), 'mcpgw-home-'))
  open.defer(() => rm(home, { recursive: true, force: true }))
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    XDG_RUNTIME_DIR: home,
    DBUS_SESSION_BUS_ADDRESS: bus ?? 'unix:path=/nonexistent',
    ...more,
  }
  const steps: Step[] = []
  for (const args of [
    ['login', url, '--with-token'],
    ['whoami', '--workspace', url],
    ['call', 'everything__echo', 'message=hello', '--workspace', url],
    ['logout', url],
  ]) {
    const startedAt = performance.now()
    const answer = JSON.parse(await run([...args, '--json'], env))
    steps.push({ answer, tookMs: performance.now() - startedAt })
  }
  return steps
}

async function run(args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [BRIDGE, ...args], { env })
  child.stdin.on('error', () => undefined).end(token)
  let stdout = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  await once(child, 'close')
  return stdout
}

function expectDone(steps: readonly Step[], storage: string): void {
  expect(steps.map(({ answer }) => answer)).toMatchObject([
    { storage },
    { member: 'tester', storage },
    { content: [{ type: 'text', text: 'Echo: hello' }] },
    { loggedOut: true },
  ])
}

function expectInTime(steps: readonly Step[]): void {
  expect(Math.max(...steps.map(({ tookMs }) => tookMs))).toBeLessThan(maxMs)
}

it('logs in, calls and logs out with a real keychain, each within 3 s', async ({ skip }) => {
  if (!isInstalled('gnome-keyring-daemon')) return skip('needs gnome-keyring-daemon')
  await using bus = await startSessionBus()
  const folder = await mkdtemp(join(tmpdir(), 'mcpgw-keyring-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const env = { PATH: process.env.PATH ?? '', HOME: folder, DBUS_SESSION_BUS_ADDRESS: bus.address }
  const daemon = spawn('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], { env })
  daemon.stdin.end('secret')
  await once(daemon.stdout, 'data')
  const steps = await roundTrip(bus.address)
  daemon.kill()
  expectDone(steps, 'keychain')
  expectInTime(steps)
})

it('does the same with a private file where there is no keychain, each within 3 s', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('only the keychain of Linux is reached over a bus')
  const steps = await roundTrip(undefined)
  expectDone(steps, 'file')
  expectInTime(steps)
})

it('says within 3 s, each time, that the keychain does not answer', async ({ skip }) => {
  if (!isInstalled('dbus-daemon')) return skip('needs dbus-daemon')
  await using bus = await startSessionBus()
  const service = await startSilentSecretService(bus.address)
  const steps = await roundTrip(bus.address)
  service.destroy()
  const [login, who, call, logout] = steps.map(({ answer }) => answer)
  const unanswered = { reason: 'storage', fix: expect.stringContaining('MCPGW_STORAGE=file') }
  for (const answer of [login, who, call]) expect(answer?.error).toMatchObject(unanswered)
  // Nothing was kept, so there is nothing to ask the keychain for.
  expect(logout).toMatchObject({ loggedOut: false })
  expectInTime(steps)
  expectDone(await roundTrip(bus.address, { MCPGW_STORAGE: 'file' }), 'file')
})
