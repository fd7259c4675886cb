import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { runCommand } from './support/run-command.ts'
import { goodToken, openTestGateway } from './support/test-gateway.ts'
import { createToken } from './support/token.ts'

const openGateway = () => openTestGateway(createLegacyServer().handler)

it('logs in, tells who you are, and logs out', async () => {
  await using gateway = await openGateway()
  const env = bridgeEnvironment()
  const login = await runCommand(['login', gateway.url, '--with-token', '--json'], {
    env,
    input: `${goodToken}\n`,
  })
  expect(JSON.parse(login.stdout)).toEqual({
    workspace: gateway.url,
    role: 'developer',
    member: 'ada',
    storage: 'file',
    where: join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json'),
  })
  expect(login.code).toBe(0)

  const who = await runCommand(['whoami', '--json'], { env })
  expect(JSON.parse(who.stdout)).toMatchObject({ workspace: gateway.url, member: 'ada', storage: 'file' })
  expect((await runCommand(['whoami'], { env })).stdout).toMatch(/role\s+developer/)

  const logout = await runCommand(['logout', '--json'], { env })
  expect(JSON.parse(logout.stdout)).toEqual({ workspace: gateway.url, loggedOut: true })
  expect((await runCommand(['whoami', '--workspace', gateway.url], { env })).code).toBe(4)
})

it('[M31] keeps the token where only its owner can read it', async () => {
  await using gateway = await openGateway()
  const env = bridgeEnvironment()
  await runCommand(['login', gateway.url, '--with-token'], { env, input: goodToken })
  const folder = env.MCPGW_CONFIG_DIR ?? ''
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const name of ['config.json', 'credentials.json']) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  }
  expect(readFileSync(join(folder, 'config.json'), 'utf8')).not.toContain(goodToken)
})

it('[M31] leaves valid files behind when twenty log in at once', async () => {
  await using gateway = await openGateway()
  const env = bridgeEnvironment()
  const login = () => runCommand(['login', gateway.url, '--with-token'], { env, input: goodToken })
  const results = await Promise.all(Array.from({ length: 20 }, login))
  expect(results.map((result) => result.code)).toEqual(results.map(() => 0))
  const who = await runCommand(['whoami'], { env })
  expect(who.code).toBe(0)
})

it.each([
  ['a token the gateway does not know', createToken('b'), 'does not accept the token'],
  ['a malformed token', goodToken.replace(/.$/, '!'), 'malformed'],
  ['nothing', '', 'malformed'],
])('refuses to log in with %s, and stores nothing', async (_, input, words) => {
  await using gateway = await openGateway()
  const env = bridgeEnvironment()
  const login = await runCommand(['login', gateway.url, '--with-token'], { env, input })
  expect(login.code).not.toBe(0)
  expect(login.stdout).toBe('')
  expect(login.stderr).toContain(words)
  expect((await runCommand(['whoami', '--workspace', gateway.url], { env })).code).toBe(4)
})

it.each([
  ['an owner token', { role: 'owner', member: 'root' }, 'An owner token opens the whole installation'],
  [
    'a token of another workspace',
    { role: 'developer', member: 'ada', workspace: 'other' },
    'for the workspace "other"',
  ],
])('refuses %s', async (_, identity, words) => {
  await using gateway = await openGateway()
  gateway.identity = identity
  const env = bridgeEnvironment()
  const login = await runCommand(['login', gateway.url, '--with-token'], { env, input: goodToken })
  expect(login.code).toBe(1)
  expect(login.stderr).toContain(words)
})

it('calls wrong usage by its exit code', async () => {
  const env = bridgeEnvironment()
  for (const args of [
    ['no-such-command'],
    ['stdio', '--no-such-option'],
    ['login', 'http://example.com/ws/a', '--with-token'],
  ]) {
    expect((await runCommand(args, { env, input: goodToken })).code).toBe(2)
  }
})

it('needs nothing but two variables in CI', async () => {
  await using gateway = await openGateway()
  const env = bridgeEnvironment({ MCPGW_TOKEN: goodToken, MCPGW_WORKSPACE: gateway.url })
  const who = await runCommand(['whoami', '--json'], { env })
  expect(JSON.parse(who.stdout)).toMatchObject({ member: 'ada', storage: 'MCPGW_TOKEN' })
})

it('keeps the token of one workspace from every other address', async () => {
  await using gateway = await openGateway()
  await using other = await openGateway()
  const env = bridgeEnvironment()
  await runCommand(['login', gateway.url, '--with-token'], { env, input: goodToken })
  const who = await runCommand(['whoami'], { env: { ...env, MCPGW_WORKSPACE: other.url } })
  expect(who.code).toBe(4)
  expect(other.requests).toEqual([])
})

it('shows when a token ends', async () => {
  await using gateway = await openGateway()
  gateway.identity = { ...gateway.identity, expiresAt: Date.UTC(2027, 0, 1) }
  const env = bridgeEnvironment({ MCPGW_TOKEN: goodToken, MCPGW_WORKSPACE: gateway.url })
  expect((await runCommand(['whoami'], { env })).stdout).toMatch(/expires\s+2027-01-01T00:00:00.000Z/)
})

it('calls a broken file of its own broken, not "logged out"', async () => {
  const env = bridgeEnvironment()
  writeFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'config.json'), '{"default')
  const who = await runCommand(['whoami', '--json'], { env })
  expect(who.code).toBe(1)
  expect(JSON.parse(who.stdout).error).toMatchObject({ reason: 'storage' })
})

it('prints no colour codes into a pipe', async () => {
  const { stderr } = await runCommand(['whoami'], { env: bridgeEnvironment() })
  expect(stderr).toMatch(/^Error: /)
})
