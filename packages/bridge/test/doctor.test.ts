import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { runCommand } from './support/run-command.ts'
import { doctorEnvironment, runDoctor } from './support/run-doctor.ts'
import {
  listedTool,
  listenOn,
  openScriptedGateway,
  serverState,
  workspacePath,
} from './support/scripted-gateway.ts'
import { goodToken } from './support/test-gateway.ts'
import { createToken } from './support/token.ts'

const dayMs = 86_400_000

it('finds nothing wrong where all is well', async () => {
  await using gateway = await openScriptedGateway()
  const { code, workspace, summary, findings, stderr } = await runDoctor(doctorEnvironment(gateway.url))
  expect(workspace).toBe(gateway.url)
  expect(findings.filter(({ status }) => status === 'failed')).toEqual([])
  expect(findings.map(({ check }) => check)).toEqual([
    ...[
      'node',
      'files',
      'permissions',
      'address',
      'login',
      'proxy',
      'dns',
      'tcp',
      'tls',
      'http',
      'clock',
      'version',
    ],
    ...['token', 'workspace', 'servers', 'tools', 'clients', 'npx'],
  ])
  expect(summary.failed).toBe(0)
  expect(code).toBe(0)
  expect(stderr).toBe('')
})

it('shows one line for each finding, and what to do on the next', async () => {
  await using gateway = await openScriptedGateway()
  const error = { code: 'upstream_unavailable', message: 'Nobody answers.', fix: 'Check its address.' }
  const items = [serverState({ name: 'linear', status: 'failing', error })]
  gateway.answers.set(`${workspacePath}/servers`, { body: { items } })
  const { code, stdout } = await runCommand(['doctor'], { env: doctorEnvironment(gateway.url) })
  expect(stdout).toContain(`✓ address      ${gateway.url}\n`)
  expect(stdout).toContain(
    '✗ servers      linear: failing. Nobody answers.\n               Check its address.\n',
  )
  expect(stdout).toMatch(/\n\n\d+ fine, \d+ warnings?, 1 failed, \d+ skipped\.\n$/)
  expect(code).toBe(1)
})

it('sends no token before the gateway proved to be one', async () => {
  await using gateway = await openScriptedGateway()
  gateway.answers.set('/healthz', { body: 'hello' })
  const { one, code } = await runDoctor(doctorEnvironment(gateway.url))
  expect(one('http')).toMatchObject({ status: 'failed', reason: 'not_mcp' })
  expect(one('token')).toMatchObject({ status: 'skipped', message: 'skipped: needs http' })
  expect(gateway.seen).toEqual([{ path: '/healthz', hadToken: false }])
  expect(code).toBe(1)
})

describe('the login', () => {
  it('is missed by the exit code when nothing else is wrong', async () => {
    await using gateway = await openScriptedGateway()
    const { MCPGW_TOKEN: _, ...env } = doctorEnvironment(gateway.url)
    const { one, code } = await runDoctor(env)
    expect(one('login')).toMatchObject({ status: 'failed', reason: 'login_needed' })
    expect(one('login')?.fix).toContain(`mcpgw login ${gateway.url}`)
    expect(one('http')?.status).toBe('ok')
    expect(one('token')).toMatchObject({ status: 'skipped', message: 'skipped: needs login' })
    expect(code).toBe(4)
  })

  it('is missed where no workspace is known', async () => {
    const { workspace, one, code } = await runDoctor(bridgeEnvironment({ PATH: '' }))
    expect(workspace).toBeUndefined()
    expect(one('address')).toMatchObject({ status: 'failed', reason: 'login_needed' })
    expect(one('tools')?.message).toBe('skipped: needs address')
    expect(code).toBe(4)
  })

  it('is missed when the token was revoked', async () => {
    await using gateway = await openScriptedGateway()
    gateway.accept.clear()
    const { one, code, stdout } = await runDoctor(doctorEnvironment(gateway.url))
    expect(one('token')).toMatchObject({ status: 'failed', reason: 'login_needed' })
    expect(one('workspace')?.status).toBe('skipped')
    expect(stdout).not.toContain(goodToken)
    expect(code).toBe(4)
  })

  it('is missed when the token is cut off', async () => {
    await using gateway = await openScriptedGateway()
    const env = doctorEnvironment(gateway.url, { MCPGW_TOKEN: goodToken.slice(0, -3) })
    const { one, code } = await runDoctor(env)
    expect(one('login')).toMatchObject({ status: 'failed', reason: 'bad_token' })
    expect(code).toBe(4)
  })

  it('is not blamed when a dead gateway is to blame as well', async () => {
    const { MCPGW_TOKEN: _, ...env } = doctorEnvironment('http://127.0.0.1:1/ws/demo')
    expect((await runDoctor(env)).code).toBe(1)
  })

  it('ends soon', async () => {
    await using gateway = await openScriptedGateway()
    const expiresAt = new Date(Date.now() + 3.5 * dayMs).toISOString()
    gateway.answers.set('/api/v1/whoami', {
      body: { role: 'developer', member: 'ada', workspace: 'demo', expiresAt },
    })
    const { one, code } = await runDoctor(doctorEnvironment(gateway.url))
    expect(one('token')).toMatchObject({ status: 'warning' })
    expect(one('token')?.message).toContain('it ends in 3 days')
    expect(code).toBe(0)
  })

  it('is for another workspace', async () => {
    await using gateway = await openScriptedGateway()
    gateway.answers.set('/api/v1/whoami', { body: { role: 'developer', member: 'ada', workspace: 'other' } })
    const { one, code } = await runDoctor(doctorEnvironment(gateway.url))
    expect(one('workspace')?.message).toContain('for the workspace "other", not for "demo"')
    expect(code).toBe(1)
  })

  it('is kept in a keychain that does not answer', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('only the keychain of Linux is reached over a bus')
    await using gateway = await openScriptedGateway()
    const {
      MCPGW_TOKEN: _,
      MCPGW_STORAGE: __,
      ...env
    } = doctorEnvironment(gateway.url, {
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent',
    })
    const config = { workspaces: { [gateway.url]: { storage: 'keychain' } } }
    writeFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'config.json'), JSON.stringify(config), { mode: 0o600 })
    const { one, code } = await runDoctor(env)
    expect(one('login')).toMatchObject({ status: 'failed', reason: 'storage' })
    expect(code).toBe(1)
  })

  it('is kept in a file because there is no keychain', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('only the keychain of Linux is reached over a bus')
    await using gateway = await openScriptedGateway()
    const {
      MCPGW_TOKEN: _,
      MCPGW_STORAGE: __,
      ...env
    } = doctorEnvironment(gateway.url, {
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent',
    })
    const login = ['login', gateway.url, '--with-token']
    await runCommand(login, { env, input: goodToken })
    const { one, code } = await runDoctor(env)
    expect(one('login')).toMatchObject({ status: 'warning' })
    expect(one('login')?.message).toContain('The token is kept in a file')
    expect(code).toBe(0)
  })
})

describe("the bridge's own files", () => {
  it('are broken', async () => {
    const env = bridgeEnvironment({ PATH: '' })
    writeFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'config.json'), '{"default', { mode: 0o600 })
    const { one, code } = await runDoctor(env)
    expect(one('files')).toMatchObject({ status: 'failed', reason: 'storage' })
    expect(one('address')?.message).toBe('skipped: needs files')
    expect(code).toBe(1)
  })

  it('are open to other users', async ({ skip }) => {
    if (process.platform === 'win32') return skip('Windows has no such modes')
    await using gateway = await openScriptedGateway()
    const env = doctorEnvironment(gateway.url)
    const folder = env.MCPGW_CONFIG_DIR ?? ''
    for (const name of ['config.json', 'credentials.json']) {
      writeFileSync(join(folder, name), '{}')
      chmodSync(join(folder, name), 0o644)
    }
    chmodSync(folder, 0o755)
    const { of, code } = await runDoctor(env)
    expect(of('permissions').map(({ status, fix }) => [status, fix])).toEqual([
      ['warning', `Type: chmod 700 '${folder}'`],
      ['warning', `Type: chmod 600 '${join(folder, 'config.json')}'`],
      ['failed', expect.stringContaining(`chmod 600 '${join(folder, 'credentials.json')}'`)],
    ])
    expect(code).toBe(1)
  })
})

describe('the network', () => {
  it('has nobody listening at the port', async () => {
    const { one, code } = await runDoctor(doctorEnvironment('http://127.0.0.1:1/ws/demo'))
    expect(one('tcp')).toMatchObject({ status: 'failed', reason: 'unreachable' })
    expect(one('tcp')?.message).toContain('connection refused')
    expect(one('tools')?.message).toBe('skipped: needs tcp')
    expect(code).toBe(1)
  })

  it('knows no such host', async () => {
    const { one, code } = await runDoctor(doctorEnvironment('https://gateway.invalid/ws/demo'))
    expect(one('dns')).toMatchObject({ status: 'failed', reason: 'unreachable' })
    expect(one('tcp')?.status).toBe('skipped')
    expect(code).toBe(1)
  })

  it('has somebody at the port who takes connections and says nothing', async () => {
    const silent = createServer()
    const port = await listenOn(silent)
    const startedAt = performance.now()
    const { one, code } = await runDoctor(doctorEnvironment(`http://127.0.0.1:${port}/ws/demo`))
    silent.close()
    expect(one('tcp')?.status).toBe('ok')
    expect(one('http')).toMatchObject({ status: 'failed', reason: 'unreachable' })
    expect(one('http')?.message).toContain('did not answer within 5 seconds')
    expect(performance.now() - startedAt).toBeLessThan(12_000)
    expect(code).toBe(1)
  })

  it.each([
    [407, 'wants a login', 'http://USER:PASSWORD@HOST:PORT'],
    [403, 'does not connect to gateway.test (HTTP 403)', 'to allow gateway.test'],
  ])('has a proxy that refuses with %i', async (status, words, advice) => {
    const asked: (string | undefined)[] = []
    const proxy = createProxy().on('connect', (request, client) => {
      asked.push(request.headers['proxy-authorization'])
      client.on('error', () => undefined).end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    })
    const port = await listenOn(proxy)
    const HTTPS_PROXY = `http://ada:geheim@127.0.0.1:${port}`
    const env = doctorEnvironment('https://gateway.test/ws/demo', { HTTPS_PROXY })
    const { one, code, stdout } = await runDoctor(env)
    proxy.close()
    expect(one('proxy')?.message).toBe(`127.0.0.1:${port}, named by HTTPS_PROXY`)
    expect(one('tunnel')).toMatchObject({ status: 'failed', reason: 'unreachable' })
    expect(one('tunnel')?.message).toContain(words)
    expect(one('tunnel')?.fix).toContain(advice)
    expect(one('tls')?.message).toBe('skipped: needs tunnel')
    expect(asked).toEqual([`Basic ${Buffer.from('ada:geheim').toString('base64')}`])
    expect(stdout).not.toContain('geheim')
    expect(code).toBe(1)
  })

  it('remembers a proxy from the login', async () => {
    const env = doctorEnvironment('https://gateway.test/ws/demo')
    const network = { httpsProxy: 'http://127.0.0.1:1' }
    const config = { workspaces: { 'https://gateway.test/ws/demo': { storage: 'file', network } } }
    writeFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'config.json'), JSON.stringify(config), { mode: 0o600 })
    const { one } = await runDoctor(env)
    expect(one('proxy')?.message).toBe('127.0.0.1:1, remembered from the login')
    expect(one('tcp')?.message).toContain('127.0.0.1:1 (the proxy) takes no connection')
  })

  it('has a proxy that is not used for this gateway', async () => {
    const extra = { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '.invalid' }
    const { one } = await runDoctor(doctorEnvironment('https://gateway.invalid/ws/demo', extra))
    expect(one('proxy')).toMatchObject({ status: 'ok' })
    expect(one('proxy')?.message).toContain('Not used for this gateway')
  })

  it('answers with something else than a gateway', async () => {
    await using gateway = await openScriptedGateway()
    const cases = [
      [
        { status: 302, headers: { location: 'https://login.example.com/' } },
        'redirects to https://login.example.com/',
      ],
      [{ status: 502 }, 'something in front of the gateway does not reach it'],
      [{ status: 404 }, 'not like an mcpgw gateway'],
    ] as const
    for (const [answer, words] of cases) {
      gateway.answers.set('/healthz', answer)
      const { one } = await runDoctor(doctorEnvironment(gateway.url))
      expect(one('http')?.status).toBe('failed')
      expect(one('http')?.message).toContain(words)
    }
  })
})

it.each([
  [120, 'warning', 'behind', 0],
  [3_600, 'failed', 'behind', 1],
  [-90, 'warning', 'ahead of', 0],
])('notices that the clock is wrong by %i seconds', async (seconds, status, words, exitCode) => {
  await using gateway = await openScriptedGateway()
  const date = new Date(Date.now() + seconds * 1_000).toUTCString()
  gateway.answers.set('/healthz', { headers: { date }, body: { status: 'ok' } })
  const { one, code } = await runDoctor(doctorEnvironment(gateway.url))
  expect(one('clock')?.status).toBe(status)
  expect(one('clock')?.message).toContain(words)
  expect(code).toBe(exitCode)
})

it.each([
  ['1.0.0', 'This bridge is older than the gateway'],
  ['0.0.9', 'This bridge is newer than the gateway'],
])('notices that the gateway is of another time: %s', async (version, words) => {
  await using gateway = await openScriptedGateway({ version })
  const { one, code } = await runDoctor(doctorEnvironment(gateway.url))
  expect(one('version')).toMatchObject({ status: 'warning' })
  expect(one('version')?.message).toContain(words)
  expect(code).toBe(0)
})

describe('the servers', () => {
  it('are told with what each of them needs', async () => {
    await using gateway = await openScriptedGateway()
    const error = {
      code: 'needs_credential',
      message: 'The credential is not complete.',
      fix: 'Ask an admin.',
    }
    const items = [
      serverState({ name: 'github', tools: 2 }),
      serverState({ name: 'jira', status: 'needs_credential', error }),
      serverState({ name: 'old', status: 'disabled', enabled: false }),
      serverState({ name: 'slow', status: 'connecting' }),
      serverState({ name: 'strange', status: 'a_word_of_tomorrow' }),
    ]
    gateway.answers.set(`${workspacePath}/servers`, { body: { items } })
    const { of, code } = await runDoctor(doctorEnvironment(gateway.url))
    expect(of('servers').map(({ status, message }) => [status, message])).toEqual([
      ['ok', 'github: 2 tools'],
      ['warning', 'jira: needs credential. The credential is not complete.'],
      ['skipped', 'old: switched off'],
      ['warning', 'slow: connecting'],
      ['warning', 'strange: a word of tomorrow'],
    ])
    expect(of('servers')[1]?.fix).toBe('Ask an admin.')
    expect(code).toBe(0)
  })

  it('are not for a readonly token, and that is no failure', async () => {
    await using gateway = await openScriptedGateway()
    gateway.answers.set(`${workspacePath}/servers`, {
      status: 403,
      body: { detail: 'The role does not include it.' },
    })
    const { one, code } = await runDoctor(doctorEnvironment(gateway.url))
    expect(one('servers')?.status).toBe('skipped')
    expect(one('tools')?.status).toBe('ok')
    expect(code).toBe(0)
  })

  it('cannot command the terminal by their names, nor forge a line', async () => {
    await using gateway = await openScriptedGateway()
    const name = 'evil\u001b[2J\u001b]0;owned\u0007\n✓ token        all is well\u202e'
    const error = { code: 'x', message: '\u001b[31mred', fix: '\u009b31mType: rm -rf /\r\n✓ servers' }
    const items = [serverState({ name, status: 'failing', error })]
    gateway.answers.set(`${workspacePath}/servers`, { body: { items } })
    gateway.answers.set(`${workspacePath}/tools`, {
      body: { items: [listedTool(`\u001b[5m${'x'.repeat(80)}`)] },
    })
    const env = doctorEnvironment(gateway.url)
    const { stdout, stderr } = await runCommand(['doctor'], { env })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for them is the point
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(stdout).toContain('evil')
    expect(stdout.match(/^✓ token/gm)).toHaveLength(1)
    const json = await runDoctor(env)
    expect(json.stdout).not.toContain('\u001b')
    expect(json.one('servers')?.message).toContain(name)
  })
})

it('warns of tools that some clients drop', async () => {
  await using gateway = await openScriptedGateway()
  const long = `github__${'x'.repeat(56)}`
  const items = [long, ...Array.from({ length: 130 }, (_, index) => `github__tool_${index}`)].map(listedTool)
  gateway.answers.set(`${workspacePath}/tools`, { body: { items } })
  const { of, code } = await runDoctor(doctorEnvironment(gateway.url))
  expect(of('tools').map(({ status }) => status)).toEqual(['ok', 'warning', 'warning'])
  expect(of('tools')[0]?.message).toMatch(/^131 listed/)
  expect(of('tools')[1]?.message).toContain(long)
  expect(of('tools')[2]?.message).toContain('128')
  expect(code).toBe(0)
})

it('says that a client asked for is not on this machine', async () => {
  await using gateway = await openScriptedGateway()
  const { of } = await runDoctor(doctorEnvironment(gateway.url), ['--client', 'no-such-client'])
  expect(of('clients').map(({ status }) => status)).toEqual(['warning'])
})

describe('npx', () => {
  it.skipIf(process.platform === 'win32')('is timed, and does not get the token', async () => {
    await using gateway = await openScriptedGateway()
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-npx-'))
    const told = join(folder, 'told')
    writeFileSync(join(folder, 'npx'), `#!/bin/sh\necho "$* $MCPGW_TOKEN" > '${told}'\n`, { mode: 0o755 })
    const { one } = await runDoctor(doctorEnvironment(gateway.url, { PATH: folder }))
    expect(one('npx')).toMatchObject({ status: 'ok', message: expect.stringContaining('s to start') })
    expect(readFileSync(told, 'utf8')).toBe('-y --prefer-offline --version \n')
  })

  it.skipIf(process.platform === 'win32')('does not work', async () => {
    await using gateway = await openScriptedGateway()
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-npx-'))
    writeFileSync(join(folder, 'npx'), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
    const { one, code } = await runDoctor(doctorEnvironment(gateway.url, { PATH: folder }))
    expect(one('npx')).toMatchObject({ status: 'warning' })
    expect(code).toBe(0)
  })
})

it('calls an address that is no workspace wrong usage', async () => {
  const { code } = await runCommand(['doctor', '--workspace', 'http://example.com/ws/a'], {
    env: bridgeEnvironment({ MCPGW_TOKEN: createToken('b') }),
  })
  expect(code).toBe(2)
})
