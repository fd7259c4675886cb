import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bridgeFile, initializeRequest, startBridge } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { runCommand } from './support/run-command.ts'
import { goodToken, openTestGateway } from './support/test-gateway.ts'

const workspace = 'https://gateway.example.com/ws/eng'

/** A home without clients, and the command in it. */
function createHome(extra: Record<string, string> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    MCPGW_STORAGE: 'file',
    MCPGW_WORKSPACE: workspace,
    ...extra,
  }
  return {
    home,
    env,
    path: (...names: string[]) => join(home, ...names),
    run: (...args: string[]) => runCommand(args, { env }),
    async json(...args: string[]) {
      const { stdout } = await runCommand([...args, '--json'], { env })
      return JSON.parse(stdout)
    },
  }
}

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const read = (file: string) => readFileSync(file, 'utf8')

describe('install', () => {
  it('sets up every client it finds, and uninstall leaves no trace', async () => {
    const home = createHome()
    const before = '{\n  // mine\n  "mcpServers": {},\n}\n'
    put(home.path('.cursor', 'mcp.json'), before)
    put(home.path('.codex', 'config.toml'), 'model = "x"\n')
    mkdirSync(home.path('.config', 'goose'), { recursive: true })
    const result = await home.json('install', '--all')
    expect(result).toMatchObject({
      workspace,
      key: 'mcpgw',
      clients: [
        { client: 'cursor', status: 'written', file: home.path('.cursor', 'mcp.json') },
        { client: 'codex', status: 'written' },
        { client: 'goose', status: 'written', next: expect.stringContaining('goose') },
      ],
    })
    expect(read(home.path('.codex', 'config.toml'))).toContain('startup_timeout_sec = 20')

    const removed = await home.json('uninstall', '--all')
    expect(removed.clients.map((item: { client: string }) => item.client)).toEqual([
      'cursor',
      'codex',
      'goose',
    ])
    expect(read(home.path('.cursor', 'mcp.json'))).toBe(before)
    expect(read(home.path('.codex', 'config.toml'))).toBe('model = "x"\n')
    expect(readdirSync(home.path('.config', 'goose'))).toEqual([])
    expect(readdirSync(home.path('.cursor'))).toEqual(['mcp.json'])
  })

  it('finds the entry right the second time', async () => {
    const home = createHome()
    await home.run('install', '--client', 'cursor', 'zed')
    const files = readdirSync(home.path('.cursor'))
    const second = await home.run('install', '--client', 'cursor', 'zed')
    expect(second.stdout).toMatch(/Cursor: already right/)
    expect(second.stdout).toMatch(/Zed: already right/)
    expect(readdirSync(home.path('.cursor'))).toEqual(files)
  })

  it('shows the change, and with --dry-run makes none', async () => {
    const home = createHome()
    const file = home.path('.cursor', 'mcp.json')
    const before = '{\n  "mcpServers": {\n    "a": { "env": { "KEY": "hunter2" } }\n  }\n}\n'
    put(file, before)
    const { stdout, stderr, code } = await home.run('install', '--client', 'cursor', '--dry-run')
    expect(code).toBe(0)
    expect(stderr).toContain('+    "mcpgw": {')
    expect(stderr).toContain(workspace)
    expect(stderr).not.toContain('hunter2')
    expect(stdout).toContain('would be set up')
    expect(read(file)).toBe(before)
    expect(readdirSync(home.path('.cursor'))).toEqual(['mcp.json'])
  })

  it('prints the entry for pasting', async () => {
    const home = createHome()
    const { stdout } = await home.run('install', '--client', 'codex', '--print', '--launcher', 'npx')
    expect(stdout).toContain('[mcp_servers.mcpgw]\ncommand = "npx"\n')
    expect(existsSync(home.path('.codex'))).toBe(false)
  })

  it('says that nobody is logged in, and goes on', async () => {
    const home = createHome({ MCPGW_TOKEN: goodToken })
    const { stderr, code } = await home.run('install', '--client', 'cursor')
    expect(code).toBe(0)
    expect(stderr).toContain(`Nobody is logged in to ${workspace}`)
    expect(read(home.path('.cursor', 'mcp.json'))).not.toContain('mcpgw_')
  })

  it.each([
    [['install'], 'mcpgw install --all'],
    [['uninstall'], 'mcpgw uninstall --all'],
    [['install', '--client', 'notepad'], 'claude-desktop, claude-code, cursor'],
    [['install', '--client', 'visualstudio'], 'No client is called "visualstudio" here'],
    [['install', '--all'], 'No client was found'],
    [['install', '--client', 'cursor', '--name', 'Too Long A Name'], 'a-z, 0-9'],
    [['install', '--client', 'cursor', '--launcher', 'bun'], 'Allowed choices are auto, npx, node'],
  ])('calls %j wrong usage', async (args, words) => {
    const { stderr, code } = await createHome().run(...args)
    expect(stderr).toContain(words)
    expect(code).toBe(2)
  })

  it('needs to know a workspace', async () => {
    const home = createHome({ MCPGW_WORKSPACE: '' })
    expect((await home.run('install', '--client', 'cursor')).code).toBe(4)
    expect((await home.run('install', '--client', 'cursor', '--workspace', workspace)).code).toBe(0)
  })

  it('sets up the others when one of the clients cannot be, and fails', async () => {
    const home = createHome()
    put(home.path('.cursor', 'mcp.json'), '{ "mcpServers": { } ')
    mkdirSync(home.path('.kiro'))
    const named = await home.run('install', '--client', 'kiro', 'cursor')
    expect(named.code).toBe(1)
    expect(named.stderr).toMatch(/mcp.json is left as it is: .* in line 1, column \d+/)
    expect(existsSync(home.path('.kiro', 'settings', 'mcp.json'))).toBe(true)

    const all = await home.json('install', '--all')
    expect(all.clients).toMatchObject([
      { client: 'kiro', status: 'already_right' },
      { client: 'cursor', status: 'failed', error: { reason: 'storage' } },
    ])
  })

  it('does not replace an entry that starts something else, unless forced', async () => {
    const home = createHome()
    const file = home.path('.cursor', 'mcp.json')
    const foreign = '{"mcpServers":{"mcpgw":{"url":"https://example.com/mcp"}}}'
    put(file, foreign)
    const refused = await home.run('install', '--client', 'cursor')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('--force')
    expect(await home.json('uninstall', '--client', 'cursor')).toMatchObject({
      clients: [{ status: 'absent' }],
    })
    expect(read(file)).toBe(foreign)

    await home.run('install', '--client', 'cursor', '--force')
    expect(JSON.parse(read(file)).mcpServers.mcpgw).not.toHaveProperty('url')
    await home.run('uninstall', '--client', 'cursor')
    expect(read(file)).toBe(foreign)
  })

  it('keeps what the user added to the entry, and never a token', async () => {
    const home = createHome()
    const file = home.path('.config', 'opencode', 'opencode.json')
    const environment = { MCPGW_TOKEN: goodToken, MCPGW_DEBUG: '1' }
    const entry = { type: 'local', command: ['npx', '-y', 'mcpgw'], environment, timeout: 60_000 }
    put(file, JSON.stringify({ mcp: { mcpgw: entry } }, undefined, 2))
    const { stderr } = await home.run('install', '--client', 'opencode', '--launcher', 'npx')
    expect(stderr).not.toContain(goodToken)
    expect(JSON.parse(read(file)).mcp.mcpgw).toEqual({
      type: 'local',
      command: ['npx', '-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', workspace],
      environment: { MCPGW_DEBUG: '1' },
      timeout: 60_000,
      enabled: true,
    })
  })

  it('holds two workspaces in one file, each removed for itself', async () => {
    const home = createHome()
    const file = home.path('.cursor', 'mcp.json')
    put(file, '{"mcpServers":{}}')
    await home.run('install', '--client', 'cursor')
    const one = read(file)
    await home.run(
      'install',
      '--client',
      'cursor',
      '--name',
      'ops',
      '--workspace',
      'https://gateway.example.com/ws/ops',
    )
    await home.run('uninstall', '--client', 'cursor', '--name', 'ops')
    expect(read(file)).toBe(one)
    await home.run('uninstall', '--client', 'cursor')
    expect(read(file)).toBe('{"mcpServers":{}}')
  })

  it('gives the first bytes back after an entry was written anew', async () => {
    const home = createHome()
    const file = home.path('.cursor', 'mcp.json')
    put(file, '{ "mcpServers" : {} }')
    await home.run('install', '--client', 'cursor')
    await home.run('install', '--client', 'cursor', '--workspace', 'https://gateway.example.com/ws/ops')
    expect(read(file)).toContain('/ws/ops')
    await home.run('uninstall', '--client', 'cursor')
    expect(read(file)).toBe('{ "mcpServers" : {} }')
  })

  it('does not take the older configuration of Continue out of use', async () => {
    const home = createHome()
    put(home.path('.continue', 'config.json'), '{}')
    const { code, stderr } = await home.run('install', '--client', 'continue')
    expect(code).toBe(1)
    expect(stderr).toContain('would stop reading it')
    expect(existsSync(home.path('.continue', 'config.yaml'))).toBe(false)
  })

  it('keeps the record of what it wrote to itself', async () => {
    const home = createHome()
    await home.run('install', '--client', 'cursor')
    const record = home.path('.config', 'mcpgw', 'installs.json')
    expect(JSON.parse(read(record))).toMatchObject({
      installs: [
        { client: 'cursor', key: 'mcpgw', created: true, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ],
    })
  })
})

it('writes an entry that starts in an empty environment, with the login and the settings of the installer', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const settings = mkdtempSync(join(tmpdir(), 'mcpgw-settings-'))
  const home = createHome({ MCPGW_CONFIG_DIR: settings, MCPGW_WORKSPACE: gateway.url })
  await runCommand(['login', gateway.url, '--with-token'], { env: home.env, input: goodToken })
  await home.run('install', '--client', 'cursor')
  const { command, args, env } = JSON.parse(read(home.path('.cursor', 'mcp.json'))).mcpServers.mcpgw
  expect({ command, args, env }).toEqual({
    command: process.execPath,
    args: [bridgeFile, 'stdio', '--workspace', gateway.url],
    env: { MCPGW_CONFIG_DIR: settings },
  })
  await using bridge = startBridge({ node: command, args: args.slice(1), env })
  bridge.send(initializeRequest())
  expect((await bridge.answerTo(1)).result).toHaveProperty('serverInfo')
})

it('lets a person at a terminal pick clients and agree, and change their mind', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('the program that makes a terminal is used as on Linux')
  const home = createHome({ TERM: 'xterm' })
  mkdirSync(home.path('.cursor'))
  const file = home.path('.cursor', 'mcp.json')
  const givenUp = await atTerminal(home.env, { 'Which clients': '\r', 'Write this file': '\u0003' })
  expect(givenUp).toContain('nothing was changed')
  expect(existsSync(file)).toBe(false)
  const done = await atTerminal(home.env, { 'Which clients': '\r', 'Write this file': '\r' })
  expect(done).toContain('Cursor: set up')
  expect(read(file)).toContain(workspace)
})

/** Runs install in a terminal, and types each answer when its question appears. */
async function atTerminal(env: Record<string, string>, answers: Record<string, string>): Promise<string> {
  // Without a size of its own a terminal made for a pipe has no columns to draw in.
  const command = `stty rows 40 cols 120; '${process.execPath}' '${bridgeFile}' install`
  const child = spawn('script', ['-qec', command, '/dev/null'], { env })
  const open = new Map(Object.entries(answers))
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
    for (const [question, answer] of open) {
      if (!seen.includes(question)) continue
      open.delete(question)
      child.stdin.write(answer)
    }
  })
  await once(child, 'close')
  return seen
}
