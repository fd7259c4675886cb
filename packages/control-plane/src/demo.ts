import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashToken, mintToken } from './access/token-format.ts'
import type { App } from './app.ts'
import { BRIDGE_FOLDER } from './bridge-folder.ts'
import type { HostedTarget, Server } from './model/server.ts'
import type { Workspace } from './model/workspace.ts'
import { packageServer, STARTERS } from './starter-servers.ts'

const SLUG = 'demo'

/** What the terminal shows of the demo. */
export interface Demo {
  workspace: Workspace
  token: string
  servers: string[]
}

/** Makes the `demo` workspace with real servers that need no credential, and a developer token that stays the same. */
export async function prepareDemo(app: App, dataDir: string): Promise<Demo> {
  const workspace = await demoWorkspace(app)
  for (const [name, server] of Object.entries(SERVERS))
    await keepServer(app, workspace, name, (id) => server(join(dataDir, 'hosted', id)))
  return { workspace, token: await demoToken(app, workspace, dataDir), servers: Object.keys(SERVERS) }
}

async function demoWorkspace({ storage, manage }: App): Promise<Workspace> {
  const known = await storage.workspaces.bySlug(SLUG)
  if (known !== undefined) return known
  const workspace = { id: manage.newId(), slug: SLUG, name: 'Demo', createdAt: manage.clock.now() }
  await storage.workspaces.create(workspace)
  return workspace
}

/** What each works on is in its own folder, as a sandbox opens no other part of the data folder. */
type DemoServer = (folder: string) => HostedTarget

/** The order in which they are listed when the demo starts. */
const SERVERS: Record<string, DemoServer> = {
  everything: STARTERS.everything,
  files: (folder) => packageServer('@modelcontextprotocol/server-filesystem', [welcomingFolder(folder)]),
  memory: (folder) =>
    packageServer('@modelcontextprotocol/server-memory', [], {
      MEMORY_FILE_PATH: join(folder, 'memory.jsonl'),
    }),
  time: STARTERS.time,
}

/** Written once: later the folder belongs to the server, which could make what we write there lead elsewhere. */
function welcomingFolder(folder: string): string {
  const files = join(folder, 'files')
  if (existsSync(files)) return files
  mkdirSync(files, { recursive: true, mode: 0o700 })
  writeFileSync(join(files, 'welcome.txt'), 'This file was read through mcpgw.\n')
  return files
}

async function keepServer(
  { storage, manage }: App,
  workspace: Workspace,
  name: string,
  targetOf: (id: string) => HostedTarget,
): Promise<void> {
  const known = await storage.servers.byName(workspace.id, name)
  const now = manage.clock.now()
  const id = known?.id ?? manage.newId()
  const target = targetOf(id)
  if (known === undefined) return storage.servers.create(newServer(id, workspace.id, name, target, now))
  if (JSON.stringify(known.target) !== JSON.stringify(target))
    await storage.servers.update({ ...known, target, updatedAt: now })
}

function newServer(id: string, workspaceId: string, name: string, target: HostedTarget, now: number): Server {
  return {
    id,
    workspaceId,
    name,
    target,
    enabled: true,
    prefix: 'always',
    tools: {},
    isolation: 'shared',
    timeoutMs: 55_000,
    createdAt: now,
    updatedAt: now,
  }
}

/** Pasted configurations must go on working after a restart: the token is kept, sealed. */
async function demoToken({ storage, manage }: App, workspace: Workspace, dataDir: string): Promise<string> {
  const file = join(dataDir, 'demo-token.sealed')
  const sealer = manage.vault.sealer('demo-token')
  const kept = existsSync(file) ? sealer.open(readFileSync(file, 'utf8').trim(), workspace.id) : undefined
  const token = kept === undefined ? undefined : Buffer.from(kept).toString()
  if (token !== undefined && (await isGood(storage, token))) return token
  const made = mintToken(manage.random)
  await storage.tokens.create({
    id: manage.newId(),
    workspaceId: workspace.id,
    name: 'demo',
    member: 'demo',
    role: 'developer',
    rules: {},
    hash: hashToken(made),
    createdAt: manage.clock.now(),
  })
  writeFileSync(file, `${sealer.seal(Buffer.from(made), workspace.id)}\n`, { mode: 0o600 })
  return made
}

async function isGood(storage: App['storage'], token: string): Promise<boolean> {
  const known = await storage.tokens.byHash(hashToken(token))
  return known !== undefined && known.revokedAt === undefined
}

/** What to open and what to paste where, for a person at a terminal; with the link that makes an owner, while there is none. */
export function describeDemo(
  { workspace, token, servers }: Demo,
  origin: string,
  setUpLink: string | undefined,
): string {
  const url = `${origin}/ws/${workspace.slug}`
  const entry = {
    command: process.execPath,
    args: [join(BRIDGE_FOLDER, 'dist/mcpgw.js'), 'stdio', '--workspace', url],
    env: { MCPGW_TOKEN: token },
  }
  const snippet = JSON.stringify({ mcpServers: { mcpgw: entry } }, null, 2)
  return [
    '',
    `  Dashboard      ${setUpLink ?? `${origin}/`}`,
    ...(setUpLink === undefined ? [] : [ONCE]),
    `  Admin API      ${origin}/api/v1`,
    `  Workspace URL  ${url}`,
    `  Token          ${token}   (developer)`,
    `  Servers        ${servers.join(', ')}`,
    '',
    '  Paste this into the MCP configuration of your AI client:',
    '',
    snippet.replace(/^/gm, '  '),
    '',
    '  Or let it be done, on any machine that reaches this one. The first opens a page that asks for the token:',
    '',
    `  npx -y --allow-remote=all ${url} login`,
    `  npx -y --allow-remote=all ${url} install`,
    '',
    '  Then look at what it called:',
    '',
    `  curl -s -H "Authorization: Bearer ${token}" ${origin}/api/v1/workspaces/${workspace.slug}/audit`,
    '',
    '',
  ].join('\n')
}

const ONCE = '                 There is no owner yet: whoever opens this first becomes it, within 24 hours.'
