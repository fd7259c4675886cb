import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { createToken } from '../../test/support/token.ts'
import { type ClientFinding, inspectClients } from './inspect-clients.ts'

const workspace = 'https://gateway.example.com/ws/eng'
const urlSettings = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '3000' }
const args = ['-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', workspace]

function createHome() {
  const home = mkdtempSync(join(tmpdir(), 'mcpgw-home-'))
  const programs = join(home, 'programs')
  mkdirSync(programs)
  writeFileSync(join(programs, 'npx'), '', { mode: 0o755 })
  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(home, file)), { recursive: true })
    writeFileSync(join(home, file), text)
  }
  const inspect = (): Promise<readonly ClientFinding[]> =>
    inspectClients({ platform: 'linux', home, env: {}, workspace, folders: [programs] })
  return { home, put, inspect }
}

it('finds nothing where there is no client', async () => {
  expect(await createHome().inspect()).toEqual([])
})

it.each([
  ['right', { mcpgw: { command: 'npx', args } }],
  [
    'right',
    { eng: { command: 'npx', args }, mcpgw: { command: 'npx', args: args.with(-1, `${workspace}2`) } },
  ],
  ['right', { mcpgw: { command: 'npx', args, env: { MCPGW_DEBUG: '1' }, disabled: true } }],
  ['right', { mcpgw: { command: 'npx', args: ['-y', '--allow-remote=all', workspace], env: urlSettings } }],
  ['outdated', { mcpgw: { command: 'npx', args: args.slice(2) } }],
  ['outdated', { mcpgw: { command: 'npx', args: ['-y', 'mcpgw'] } }],
  ['outdated', { mcpgw: { command: '/gone/node', args: ['/gone/mcpgw.js', ...args.slice(3)] } }],
  ['other_workspace', { mcpgw: { command: 'npx', args: args.with(-1, `${workspace}2`) } }],
  ['absent', { github: { command: 'docker' } }],
  ['absent', { mcpgw: { url: workspace } }],
  ['secret_inside', { mcpgw: { command: 'npx', args, env: { MCPGW_TOKEN: createToken('a') } } }],
] as const)('calls it %s: %j', async (state, mcpServers) => {
  const home = createHome()
  home.put('.cursor/mcp.json', JSON.stringify({ mcpServers }))
  const [finding] = await home.inspect()
  expect(finding).toMatchObject({
    client: 'cursor',
    name: 'Cursor',
    file: join(home.home, '.cursor/mcp.json'),
    state,
  })
  expect(JSON.stringify(finding)).not.toContain(createToken('a'))
  expect(finding?.fix === undefined).toBe(state === 'right')
})

it('tells a broken configuration from one without the entry', async () => {
  const home = createHome()
  home.put('.cursor/mcp.json', '{')
  mkdirSync(join(home.home, '.kiro'))
  expect(await home.inspect()).toMatchObject([
    { client: 'cursor', state: 'broken', detail: expect.stringMatching(/line 1/) },
    { client: 'kiro', state: 'absent', fix: 'Type: mcpgw install --client kiro' },
  ])
})

it('takes Windsurf for gone where Devin is installed', async () => {
  const home = createHome()
  home.put('.codeium/windsurf/mcp_config.json', '{}')
  expect((await home.inspect()).map(({ client }) => client)).toEqual(['windsurf'])
  home.put('.config/devin/mcp_config.json', '{}')
  expect((await home.inspect()).map(({ client }) => client)).toEqual(['devin'])
})
