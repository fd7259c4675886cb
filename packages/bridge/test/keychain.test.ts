import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment, bridgeFile } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { finish, runCommand } from './support/run-command.ts'
import { goodToken, openTestGateway } from './support/test-gateway.ts'

const onLinux = process.platform === 'linux'
const isInstalled = (program: string) => spawnSync('which', [program]).status === 0

/** An environment that leaves the keychain to be tried, at the given bus. */
function keychainEnvironment(bus = 'unix:path=/nonexistent'): Record<string, string> {
  const { MCPGW_STORAGE: _, ...env } = bridgeEnvironment({ DBUS_SESSION_BUS_ADDRESS: bus })
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  return { ...env, HOME: home, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH ?? '' }
}

it('keeps the token in a real keychain, and nowhere else', async ({ skip }) => {
  if (!['dbus-run-session', 'gnome-keyring-daemon'].every(isInstalled)) {
    return skip('needs dbus-run-session and gnome-keyring-daemon')
  }
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = keychainEnvironment()
  const mcpgw = `'${process.execPath}' '${bridgeFile}'`
  const script = `
    printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    printf %s '${goodToken}' | ${mcpgw} login '${gateway.url}' --with-token --json
    ${mcpgw} whoami --json
    ${mcpgw} logout --json
    ${mcpgw} whoami --json --workspace '${gateway.url}'`
  const done = await finish(spawn('dbus-run-session', ['--', 'sh', '-c', script], { env }))
  const [login, who, logout, nobody] = done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(login).toMatchObject({ storage: 'keychain' })
  expect(who).toMatchObject({ member: 'ada', storage: 'keychain' })
  expect(logout).toMatchObject({ loggedOut: true })
  expect(nobody.error).toMatchObject({ reason: 'login_needed' })
  expect(existsSync(join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json'))).toBe(false)
})

it.skipIf(!onLinux)('uses a private file where there is no keychain, and says so once', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const env = keychainEnvironment()
  const login = await runCommand(['login', gateway.url, '--with-token', '--json'], { env, input: goodToken })
  expect(JSON.parse(login.stdout)).toMatchObject({ storage: 'file' })
  expect(login.stderr.match(/Warning/g)).toHaveLength(1)
  expect(login.stderr).toContain(join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json'))
  const who = await runCommand(['whoami', '--json'], { env })
  expect(JSON.parse(who.stdout)).toMatchObject({ storage: 'file' })
  expect(who.stderr).toBe('')
})

it.skipIf(!onLinux)('says that the keychain does not answer, not that nobody is logged in', async () => {
  const env = keychainEnvironment()
  const url = 'http://127.0.0.1:1/ws/demo'
  await rememberKeychainLogin(env, url)
  const who = await runCommand(['whoami', '--json'], { env })
  expect(who.code).toBe(1)
  expect(JSON.parse(who.stdout).error.message).toContain('The keychain did not answer')
})

it.skipIf(!onLinux)('does not wait longer than some seconds for a keychain that hangs', async () => {
  const socket = join(mkdtempSync(join(tmpdir(), 'mcpgw-bus-')), 'bus')
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(socket, resolve))
  const env = keychainEnvironment(`unix:path=${socket}`)
  await rememberKeychainLogin(env, 'http://127.0.0.1:1/ws/demo')
  const startedAt = performance.now()
  const who = await runCommand(['whoami', '--json'], { env })
  silent.close()
  expect(JSON.parse(who.stdout).error).toMatchObject({ reason: 'storage' })
  expect(performance.now() - startedAt).toBeLessThan(6_000)
})

async function rememberKeychainLogin(env: Record<string, string>, url: string): Promise<void> {
  const { writeConfig } = await import('../src/credentials/config.ts')
  const workspaces = new Map([[url, { storage: 'keychain' as const }]])
  await writeConfig(env.MCPGW_CONFIG_DIR ?? '', { defaultWorkspace: url, workspaces })
}
