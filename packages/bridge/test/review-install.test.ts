import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment, bridgeFile } from './support/bridge-process.ts'
import { runCommand } from './support/run-command.ts'

const workspace = 'https://gateway.test/ws/demo'

it.each([
  ['servers in one line', 'mcp_servers = { other = { command = "x" } }\n'],
  ['an entry of ours in one line', '[mcp_servers]\nmcpgw = { command = "mcpgw" }\n'],
  ['a text that looks like our entry', 'note = """\n[mcp_servers.mcpgw]\ncommand = "x"\n"""\n'],
])('leaves a good file with %s alone, and does not call it broken', async (_, text) => {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  const file = join(home, '.codex', 'config.toml')
  mkdirSync(join(home, '.codex'))
  writeFileSync(file, text)
  const { code, stderr } = await runCommand(['install', '--client', 'codex', '--workspace', workspace], {
    env: bridgeEnvironment({ HOME: home }),
  })
  expect(code).toBe(1)
  expect(stderr).toContain('cannot be edited safely')
  expect(stderr).not.toContain('not valid')
  expect(readFileSync(file, 'utf8')).toBe(text)
})

it('remembers every install of several that run at once', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  const env = bridgeEnvironment({ HOME: home })
  const clients = ['codex', 'cursor', 'gemini', 'zed']
  const runs = clients.map((client) =>
    runCommand(['install', '--client', client, '--workspace', workspace], { env }),
  )
  expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0, 0, 0])
  const { installs } = JSON.parse(readFileSync(join(env.MCPGW_CONFIG_DIR ?? '', 'installs.json'), 'utf8'))
  expect(installs.map(({ client }: { client: string }) => client).sort()).toEqual(clients)
})

// Elsewhere the program that makes a terminal takes other words.
it.runIf(process.platform === 'linux').each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('takes %s at a question for a no, and gives the cursor back', async (_, key) => {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  // Without a size of its own a terminal made for a pipe has no columns to draw in.
  const command = `stty rows 40 cols 120; '${process.execPath}' '${bridgeFile}' install --client cursor --workspace ${workspace}`
  const env = { ...bridgeEnvironment({ HOME: home }), TERM: 'xterm', SHELL: '/bin/sh' }
  const child = spawn('script', ['-qec', command, '/dev/null'], { env })
  let screen = ''
  child.stdout.on('data', (chunk) => {
    const isAsked = screen.includes('Write this file?')
    screen += chunk
    if (!isAsked && screen.includes('Write this file?')) child.stdin.write(key)
  })
  const [code] = await once(child, 'close')
  expect(code).toBe(2)
  expect(screen).toContain('nothing was changed')
  expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'))
})
