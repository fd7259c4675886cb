import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { openLoginGateway, tokenAnswer } from './support/login-gateway.ts'
import { addressOf, startLogin } from './support/login-process.ts'
import { runCommand } from './support/run-command.ts'
import { goodToken } from './support/test-gateway.ts'

const byHand = ['--browser', '--no-open', '--json']
const configOf = (env: Record<string, string>) =>
  JSON.parse(readFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'config.json'), 'utf8'))

it('logs in with a browser, and keeps the token that was issued to this machine', async () => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment()
  const login = startLogin([gateway.url, ...byHand], env)
  const { asked, comeBack, granted, callback } = await addressOf(login)
  expect(Object.fromEntries(asked)).toMatchObject({
    response_type: 'code',
    client_id: 'mcpgw',
    code_challenge_method: 'S256',
    resource: gateway.url,
    device_name: expect.stringMatching(/ on /),
  })
  expect(callback.hostname).toBe('127.0.0.1')
  const page = await comeBack(granted)
  expect(await page.text()).toContain('You can close this window')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')

  const { code, stdout, stderr } = await login.finished
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ workspace: gateway.url, member: 'ada', storage: 'file' })
  expect(stdout + stderr).not.toContain(goodToken)
  const { form } = gateway.seen.find(({ path }) => path === '/oauth/token') ?? {}
  expect(form).toMatchObject({ grant_type: 'authorization_code', client_id: 'mcpgw', code: granted.code })
  expect(form).toMatchObject({ redirect_uri: asked.get('redirect_uri'), resource: gateway.url })
  const challenge = createHash('sha256')
    .update(form?.code_verifier ?? '')
    .digest('base64url')
  expect(challenge).toBe(asked.get('code_challenge'))
  const who = await runCommand(['whoami', '--json'], { env })
  expect(JSON.parse(who.stdout)).toMatchObject({ member: 'ada', workspace: gateway.url })
})

it('is neither ended nor fed by anything but the answer to its own question', async () => {
  await using gateway = await openLoginGateway()
  const login = startLogin([gateway.url, ...byHand], bridgeEnvironment())
  const { callback, comeBack, granted } = await addressOf(login)
  const status = async (url: URL | string, init?: RequestInit) => (await fetch(url, init)).status
  expect(await status(new URL('/favicon.ico', callback))).toBe(404)
  expect(await status(new URL(`/other${callback.search}`, callback))).toBe(404)
  expect(await status(callback, { method: 'POST' })).toBe(404)
  expect((await comeBack({ ...granted, state: 'x'.repeat(43) })).status).toBe(400)
  expect((await comeBack({ error: 'access_denied', iss: granted.iss })).status).toBe(400)
  expect(gateway.seen).toEqual([])
  expect((await comeBack(granted)).status).toBe(200)
  expect((await login.finished).code).toBe(0)
})

it('takes one answer only', async () => {
  await using gateway = await openLoginGateway()
  const login = startLogin([gateway.url, ...byHand], bridgeEnvironment())
  const { comeBack, granted } = await addressOf(login)
  const answers = await Promise.allSettled([comeBack(granted), comeBack({ ...granted, code: 'second' })])
  expect(answers.map(({ status }) => status)).toContain('fulfilled')
  expect((await login.finished).code).toBe(0)
  expect(gateway.seen.filter(({ path }) => path === '/oauth/token')).toHaveLength(1)
  await expect(comeBack(granted)).rejects.toThrow()
})

it.each([
  ['from another gateway', { iss: 'https://evil.example.com' }, 1, 'did not come from'],
  ['that does not say where it is from', { iss: '' }, 1, 'did not come from'],
  ['without a code', { code: '' }, 1, 'no code'],
])('refuses an answer %s, and asks for no token', async (_, change, exitCode, words) => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment()
  const login = startLogin([gateway.url, ...byHand], env)
  const { comeBack, granted } = await addressOf(login)
  await comeBack({ ...granted, ...change })
  const { code, stderr } = await login.finished
  expect(code).toBe(exitCode)
  expect(stderr).toContain(words)
  expect(gateway.seen).toEqual([])
})

it('tells that the login was cancelled in the browser', async () => {
  await using gateway = await openLoginGateway()
  const login = startLogin([gateway.url, ...byHand], bridgeEnvironment())
  const { comeBack, state, iss } = await addressOf(login)
  const description = 'Ada said no.'
  await comeBack({ error: 'access_denied', error_description: description, state, iss })
  const { code, stdout } = await login.finished
  expect(code).toBe(1)
  expect(JSON.parse(stdout).error).toMatchObject({ reason: 'forbidden' })
  expect(stdout).toContain('Ada said no')
})

it('stops at Ctrl-C, quickly and with nothing kept', async () => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment()
  const login = startLogin([gateway.url, ...byHand], env)
  const { callback } = await addressOf(login)
  login.child.kill('SIGINT')
  const { code, stderr } = await login.finished
  expect(code).toBe(4)
  expect(stderr).toContain('Nothing was kept')
  await expect(fetch(callback)).rejects.toThrow()
})

it('logs in with a code on another device, as slowly as the gateway wants', async () => {
  await using gateway = await openLoginGateway()
  const states = ['authorization_pending', 'authorization_pending']
  gateway.script.token = () => {
    const error = states.shift()
    return error === undefined ? { body: tokenAnswer(gateway.url) } : { status: 400, body: { error } }
  }
  const env = bridgeEnvironment({ CI: 'true' })
  const login = startLogin([gateway.url, '--device'], env)
  await login.says(/enter the code BCDF-GHJK/)
  await login.says(new RegExp(`${gateway.origin}/oauth/device\\n`))
  const { code, stdout } = await login.finished
  expect(code).toBe(0)
  expect(stdout).toContain('as ada (developer)')
  expect(gateway.seen.map(({ path }) => path)).toEqual([
    '/oauth/device',
    '/oauth/token',
    '/oauth/token',
    '/oauth/token',
    '/api/v1/whoami',
  ])
  expect(gateway.seen[1]?.form).toMatchObject({ device_code: 'd'.repeat(43), client_id: 'mcpgw' })
})

it.each([
  ['access_denied', 1, 'refused'],
  ['expired_token', 4, 'in time'],
  ['invalid_grant', 4, 'does not accept'],
])('ends a login by code when the gateway says %s', async (error, exitCode, words) => {
  await using gateway = await openLoginGateway()
  gateway.script.token = () => ({ status: 400, body: { error } })
  const { code, stderr } = await startLogin([gateway.url, '--device'], bridgeEnvironment()).finished
  expect(code).toBe(exitCode)
  expect(stderr).toContain(words)
})

it('redeems an invite link without a browser, and learns from the gateway for which workspace', async () => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment()
  const invite = 'i'.repeat(43)
  const done = await startLogin([`${gateway.origin}/invite/${invite}`, '--json'], env).finished
  expect(JSON.parse(done.stdout)).toMatchObject({ workspace: gateway.url, member: 'ada' })
  expect(gateway.seen[0]?.form).toMatchObject({
    grant_type: 'urn:mcpgw:params:oauth:grant-type:invite',
    invite,
    device_name: expect.stringMatching(/ on /),
  })
})

it('says to ask for a new invite when it was used before', async () => {
  await using gateway = await openLoginGateway()
  const error_description = 'This invite was used.'
  gateway.script.token = () => ({ status: 400, body: { error: 'invalid_grant', error_description } })
  const link = `${gateway.origin}/invite/${'i'.repeat(43)}`
  const { code, stderr } = await startLogin([link], bridgeEnvironment()).finished
  expect(code).toBe(4)
  expect(stderr).toContain('(This invite was used)')
  expect(stderr).toContain('Ask for a new invite')
})

it.each([
  ['where CI is set', { CI: 'true' }, 'CI run'],
  ['where stdin is no terminal', {}, 'not a terminal'],
])('asks nobody %s, and names what to do instead', async (_, extra, words) => {
  await using gateway = await openLoginGateway()
  const { code, stderr } = await startLogin([gateway.url], bridgeEnvironment(extra)).finished
  expect(code).toBe(4)
  expect(stderr).toContain(words)
  expect(stderr).toContain('MCPGW_TOKEN')
  expect(gateway.seen).toEqual([])
})

it('logs in again to the default workspace when none is named', async () => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment({ MCPGW_WORKSPACE: gateway.url })
  const done = await runCommand(['login', '--with-token'], { env, input: goodToken })
  expect(done.stdout).toContain(`Logged in to ${gateway.url}`)
  const again = await runCommand(['login', '--with-token'], {
    env: { ...env, MCPGW_WORKSPACE: '' },
    input: goodToken,
  })
  expect(again.code).toBe(0)
  expect(again.stdout).not.toContain('default workspace')
})

it('keeps logins to several workspaces, and lets one choose among them', async () => {
  await using first = await openLoginGateway()
  await using second = await openLoginGateway()
  const env = bridgeEnvironment()
  const mcpgw = (...args: string[]) => runCommand(args, { env, input: goodToken })
  await mcpgw('login', first.url, '--with-token')
  const { stdout } = await mcpgw('login', second.url, '--with-token')
  expect(stdout).toContain(`default workspace now, instead of ${first.url}`)

  const listed = JSON.parse((await mcpgw('use', '--json')).stdout)
  expect(listed.items).toEqual([
    { workspace: first.url, default: false, storage: 'file' },
    { workspace: second.url, default: true, storage: 'file' },
  ])
  expect((await mcpgw('use')).stdout).toBe(`  ${first.url}\n* ${second.url}\n`)
  const ambiguous = await mcpgw('use', 'demo')
  expect(ambiguous.code).toBe(2)
  expect(ambiguous.stderr).toContain('more than one')
  expect((await mcpgw('use', 'other')).code).toBe(4)
  expect((await mcpgw('use', first.url)).code).toBe(0)
  expect(configOf(env).defaultWorkspace).toBe(first.url)

  const logout = await mcpgw('logout', '--json')
  expect(JSON.parse(logout.stdout)).toEqual({ workspace: first.url, loggedOut: true, default: second.url })
  expect((await mcpgw('use', 'demo')).code).toBe(0)
})

it('leaves no default behind when several could follow', async () => {
  await using one = await openLoginGateway()
  await using two = await openLoginGateway()
  await using three = await openLoginGateway()
  const env = bridgeEnvironment()
  const mcpgw = (...args: string[]) => runCommand(args, { env, input: goodToken })
  for (const { url } of [one, two, three]) await mcpgw('login', url, '--with-token')
  expect(JSON.parse((await mcpgw('logout', '--json')).stdout).default).toBeUndefined()
  expect((await mcpgw('whoami')).stderr).toContain('mcpgw login URL')
  const all = await mcpgw('logout', '--all', '--json')
  expect(JSON.parse(all.stdout).items).toHaveLength(2)
  expect(readFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json'), 'utf8')).not.toContain('mcpgw_')
})

it('[M31] loses none of many logins at once, even when one was killed while it wrote', async () => {
  const gateways = await Promise.all(Array.from({ length: 4 }, openLoginGateway))
  const env = bridgeEnvironment()
  const lock = join(env.MCPGW_CONFIG_DIR ?? '', 'config.lock')
  writeFileSync(lock, 'of a process that is gone')
  utimesSync(lock, 0, 0)
  const results = await Promise.all(
    gateways.map(({ url }) => runCommand(['login', url, '--with-token'], { env, input: goodToken })),
  )
  expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    results.map(() => ({ code: 0, stderr: '' })),
  )
  const urls = gateways.map(({ url }) => url).sort()
  expect(Object.keys(configOf(env).workspaces).sort()).toEqual(urls)
  const tokens = JSON.parse(readFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json'), 'utf8')).tokens
  expect(Object.keys(tokens).sort()).toEqual(urls)
  expect(readdirSync(env.MCPGW_CONFIG_DIR ?? '').sort()).toEqual(['config.json', 'credentials.json'])
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]()
})

it('remembers proxy and CA file of the shell, tells so, and shows no password', async () => {
  await using gateway = await openLoginGateway()
  const proxy = 'http://ada:hunter2@proxy.example.com:3128'
  const env = bridgeEnvironment({ HTTPS_PROXY: proxy })
  const login = (...args: string[]) =>
    runCommand(['login', gateway.url, '--with-token', ...args], { env, input: goodToken })
  const { stdout, stderr } = await login()
  expect(stdout).toContain('proxy http://proxy.example.com:3128 with its login')
  expect(stdout + stderr).not.toContain('hunter2')
  expect(configOf(env).workspaces[gateway.url].network).toEqual({ httpsProxy: proxy })
  expect(statSync(join(env.MCPGW_CONFIG_DIR ?? '', 'config.json')).mode & 0o777).toBe(0o600)
  expect((await login('--no-remember-network')).stdout).not.toContain('Remembered')
  expect(configOf(env).workspaces[gateway.url].network).toBeUndefined()
})

it('tells which of two tokens wins', async () => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment()
  await runCommand(['login', gateway.url, '--with-token'], { env, input: goodToken })
  const both = { ...env, MCPGW_TOKEN: goodToken, MCPGW_WORKSPACE: gateway.url }
  const who = await runCommand(['whoami', '--json'], { env: both })
  expect(JSON.parse(who.stdout)).toMatchObject({
    storage: 'MCPGW_TOKEN',
    where: 'MCPGW_TOKEN',
    unused: { storage: 'file', where: join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json') },
  })
  gateway.script.whoami = () => ({ status: 401, body: {} })
  const refused = await runCommand(['whoami'], { env: both })
  expect(refused.code).toBe(4)
  expect(refused.stderr).toContain('Put another token into MCPGW_TOKEN')
})

it('does not keep a token that the gateway does not honour', async () => {
  await using gateway = await openLoginGateway()
  gateway.script.whoami = () => ({ status: 401, body: {} })
  const env = bridgeEnvironment()
  const link = `${gateway.origin}/invite/${'i'.repeat(43)}`
  expect((await startLogin([link], env).finished).code).toBe(4)
  expect(JSON.parse((await runCommand(['use', '--json'], { env })).stdout)).toEqual({ items: [] })
})

it('says what is wrong where no gateway listens', async () => {
  const { code, stdout } = await startLogin(
    ['http://127.0.0.1:1/ws/demo', '--device', '--json'],
    bridgeEnvironment(),
  ).finished
  expect(code).toBe(1)
  expect(JSON.parse(stdout).error).toMatchObject({ reason: 'unreachable' })
})
