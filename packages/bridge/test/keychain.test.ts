import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeConfig } from '../src/credentials/config.ts'
import { bridgeEnvironment, bridgeFile } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { openLoginGateway } from './support/login-gateway.ts'
import { startLogin } from './support/login-process.ts'
import { type Finished, finish, runCommand } from './support/run-command.ts'
import { startSessionBus, startSilentSecretService } from './support/session-bus.ts'
import { goodToken, openTestGateway } from './support/test-gateway.ts'

const onLinux = process.platform === 'linux'
const isInstalled = (program: string) => spawnSync('which', [program]).status === 0
const hasBus = onLinux && isInstalled('dbus-daemon')
const unreachable = 'http://127.0.0.1:1/ws/demo'
// With the quarter of a second that a command takes by itself, it is less than 3 s.
const maxAddedMs = 2_700

/** An environment that leaves the keychain to be tried, at the given bus. */
function keychainEnvironment(bus = 'unix:path=/nonexistent'): Record<string, string> {
  const { MCPGW_STORAGE: _, ...env } = bridgeEnvironment({ DBUS_SESSION_BUS_ADDRESS: bus })
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  return { ...env, HOME: home, XDG_RUNTIME_DIR: home, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH ?? '' }
}

const tokenFileOf = (env: Record<string, string>) => join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json')

it('keeps the token in a real keychain, and nowhere else', async ({ skip }) => {
  if (!['dbus-run-session', 'gnome-keyring-daemon'].every(isInstalled)) {
    return skip('needs dbus-run-session and gnome-keyring-daemon')
  }
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = keychainEnvironment()
  const mcpgw = `'${process.execPath}' '${bridgeFile}'`
  const initialize = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  })
  const script = `
    printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    printf %s '${goodToken}' | ${mcpgw} login '${gateway.url}' --with-token --json
    ${mcpgw} whoami --json
    printf '%s\\n' '${initialize}' | ${mcpgw}
    ${mcpgw} logout --json
    ${mcpgw} whoami --json --workspace '${gateway.url}'`
  const done = await finish(spawn('dbus-run-session', ['--', 'sh', '-c', script], { env }))
  const [login, who, session, logout, nobody] = done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(login).toMatchObject({ storage: 'keychain', where: 'Secret Service' })
  expect(who).toMatchObject({ member: 'ada', storage: 'keychain', where: 'Secret Service' })
  expect(session.result).toMatchObject({ protocolVersion: '2025-11-25' })
  expect(logout).toMatchObject({ loggedOut: true })
  expect(nobody.error).toMatchObject({ reason: 'login_needed' })
  expect(existsSync(tokenFileOf(env))).toBe(false)
})

it.skipIf(!onLinux)('uses a private file where there is no session bus, and says so once', async () => {
  await expectFileWithOneWarning(keychainEnvironment())
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = keychainEnvironment()
  // The machine running the tests may have a session, which is found without being named.
  if (!existsSync(`/run/user/${process.getuid?.()}/bus`)) await expectFileWithOneWarning(env)
})

// Skipped without dbus-daemon.
it.skipIf(!hasBus)('uses a private file where a bus knows no keychain, and says so once', async () => {
  await using bus = await startSessionBus()
  await expectFileWithOneWarning(keychainEnvironment(bus.address))
})

async function expectFileWithOneWarning(env: Record<string, string>): Promise<void> {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const login = await promptly(() =>
    runCommand(['login', gateway.url, '--with-token', '--json'], withToken(env)),
  )
  expect(JSON.parse(login.stdout)).toMatchObject({ storage: 'file', where: tokenFileOf(env) })
  expect(login.stderr.match(/Warning/g)).toHaveLength(1)
  expect(login.stderr).toContain(tokenFileOf(env))
  const who = await promptly(() => runCommand(['whoami', '--json'], { env }))
  expect(JSON.parse(who.stdout)).toMatchObject({ storage: 'file' })
  expect(who.stderr).toBe('')
  const logout = await promptly(() => runCommand(['logout', '--json'], { env }))
  expect(JSON.parse(logout.stdout)).toMatchObject({ loggedOut: true })
}

it.skipIf(!onLinux)('says that the keychain does not answer, not that nobody is logged in', async () => {
  const env = keychainEnvironment()
  await rememberKeychainLogin(env)
  const who = await runCommand(['whoami', '--json'], { env })
  expect(who.code).toBe(1)
  expect(JSON.parse(who.stdout).error.message).toContain('The keychain did not answer')
})

it.skipIf(!onLinux)('does not wait for a bus that hangs', { timeout: 60_000 }, async () => {
  const socket = join(mkdtempSync(join(tmpdir(), 'mcpgw-bus-')), 'bus')
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(socket, resolve))
  await expectReason(`unix:path=${socket}`)
  silent.close()
})

// Skipped without dbus-daemon.
it.skipIf(!hasBus)('does not wait for a keychain that hangs', { timeout: 60_000 }, async () => {
  await using bus = await startSessionBus()
  const service = await startSilentSecretService(bus.address)
  await expectReason(bus.address)
  service.destroy()
})

/** Every command ends in time with the reason, and what to type; nothing is kept, forgotten or asked of anybody. */
async function expectReason(bus: string): Promise<void> {
  await using gateway = await openLoginGateway()
  const env = keychainEnvironment(bus)
  const login = await promptly(() => startLogin([gateway.url, '--device', '--json'], env).finished)
  expectStorageError(login)
  expect(gateway.seen).toEqual([])
  expect(existsSync(tokenFileOf(env))).toBe(false)
  await rememberKeychainLogin(env)
  for (const command of ['whoami', 'logout']) {
    expectStorageError(await promptly(() => runCommand([command, '--json'], { env })))
  }
}

function expectStorageError({ code, stdout }: Finished): void {
  const { error } = JSON.parse(stdout)
  expect(error).toMatchObject({ reason: 'storage', fix: expect.stringContaining('MCPGW_STORAGE=file') })
  expect(code).toBe(1)
}

it('goes round the keychain when told to, without a warning', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const env = { ...keychainEnvironment(), MCPGW_STORAGE: 'file' }
  const login = await runCommand(['login', gateway.url, '--with-token'], withToken(env))
  expect(login).toMatchObject({ code: 0, stderr: '' })
  const { MCPGW_STORAGE: _, ...later } = env
  expect((await runCommand(['whoami'], { env: later })).code).toBe(0)
})

const withToken = (env: Record<string, string>) => ({ env, input: goodToken })

/** Measured against a command that asks no keychain, because the machine may be busy. */
async function promptly(start: () => Promise<Finished>): Promise<Finished> {
  const { tookMs: usualMs } = await timed(() => runCommand(['use', '--json'], { env: bridgeEnvironment() }))
  const { done, tookMs } = await timed(start)
  expect(tookMs).toBeLessThan(usualMs + maxAddedMs)
  return done
}

async function timed(start: () => Promise<Finished>): Promise<{ done: Finished; tookMs: number }> {
  const startedAt = performance.now()
  const done = await start()
  return { done, tookMs: performance.now() - startedAt }
}

async function rememberKeychainLogin(env: Record<string, string>): Promise<void> {
  const workspaces = new Map([[unreachable, { storage: 'keychain' as const }]])
  await writeConfig(env.MCPGW_CONFIG_DIR ?? '', { defaultWorkspace: unreachable, workspaces })
}
