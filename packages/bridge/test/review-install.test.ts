import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
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
