import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A published server that needs neither a credential nor a network, and a call of it that does something. */
export interface HonestPackage {
  identifier: string
  version: string
  args?: string[]
  env?: Record<string, string>
  /** At least. */
  tools: number
  tool: string
  arguments: Record<string, unknown>
  /** What is in the answer when the tool really ran. */
  answers: RegExp
  /** What the same call is refused with, where it cannot be made twice. */
  refuses?: RegExp
}

/** What some of them look at: every user may. */
export const FILES = makeFiles()

function makeFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-honest-'))
  writeFileSync(join(folder, 'note.txt'), 'a note\n')
  writeFileSync(join(folder, 'schema.graphql'), 'type Query { hello(name: String): String! }\n')
  chmodSync(folder, 0o755)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Notes of one of them, which keeps a journal beside them: hosted servers run as another user. */
const VAULT = makeVault()

function makeVault(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-vault-'))
  mkdirSync(join(folder, '.obsidian'))
  writeFileSync(join(folder, 'note.md'), '# A note\n')
  chmodSync(folder, 0o777)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const SMALL: HonestPackage[] = [
  {
    identifier: 'time-mcp',
    version: '1.0.6',
    tools: 6,
    tool: 'days_in_month',
    arguments: { date: '2026-02-01' },
    answers: /28/,
  },
  {
    identifier: '@modelcontextprotocol/server-sequential-thinking',
    version: '2026.8.31',
    tools: 1,
    tool: 'sequentialthinking',
    arguments: { thought: 'one', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
    // The second door may find the same process, which remembers the first call.
    answers: /"thoughtHistoryLength": [12]/,
  },
  {
    identifier: '@modelcontextprotocol/server-filesystem',
    version: '2026.8.31',
    args: [FILES],
    tools: 14,
    tool: 'list_directory',
    arguments: { path: FILES },
    answers: /note\.txt/,
  },
]

const OTHERS: HonestPackage[] = [
  {
    identifier: '@modelcontextprotocol/server-everything',
    version: '2026.8.31',
    // And one more that it may add only after it was listed for the first time.
    tools: 12,
    tool: 'get-sum',
    arguments: { a: 2, b: 3 },
    answers: /is 5/,
  },
  {
    identifier: '@modelcontextprotocol/server-memory',
    version: '2026.8.31',
    tools: 9,
    tool: 'read_graph',
    arguments: {},
    answers: /"entities": \[\]/,
  },
  {
    identifier: '@modelcontextprotocol/server-pdf',
    version: '2.0.4',
    args: ['--stdio'],
    tools: 9,
    tool: 'list_pdfs',
    arguments: {},
    answers: /pdf/i,
  },
  {
    identifier: 'mcp-graphql-schema',
    version: '0.0.2',
    args: [join(FILES, 'schema.graphql')],
    tools: 6,
    tool: 'list-query-fields',
    arguments: {},
    answers: /hello/,
  },
  {
    identifier: 'repomix',
    version: '1.18.1',
    args: ['--mcp', FILES],
    tools: 6,
    tool: 'pack_codebase',
    arguments: { directory: FILES },
    answers: /note\.txt|outputId/,
  },
  {
    identifier: 'mcp-server-code-runner',
    version: '0.1.8',
    tools: 1,
    tool: 'run-code',
    arguments: { code: 'console.log(6 * 7)', languageId: 'javascript' },
    answers: /42/,
  },
  {
    identifier: '@mastra/mcp-docs-server',
    version: '1.2.27',
    tools: 13,
    tool: 'mastraMigration',
    arguments: {},
    answers: /migrat/i,
  },
  {
    identifier: '@wonderwhy-er/desktop-commander',
    version: '0.2.52',
    args: [],
    tools: 26,
    tool: 'list_directory',
    arguments: { path: '/usr/bin' },
    answers: /\[FILE\]/,
  },
  {
    identifier: '@cyanheads/git-mcp-server',
    version: '2.15.3',
    tools: 28,
    tool: 'git_init',
    arguments: { path: '/tmp/repository' },
    answers: /repository/,
  },
  {
    identifier: 'n8n-mcp',
    version: '2.87.0',
    // As its documentation has it for clients that talk to it by stdio.
    env: { MCP_MODE: 'stdio', LOG_LEVEL: 'error', DISABLE_CONSOLE_OUTPUT: 'true' },
    tools: 7,
    tool: 'search_nodes',
    arguments: { query: 'slack' },
    answers: /nodes-base\.slack/,
  },
  {
    identifier: '@hypothesi/tauri-mcp-server',
    version: '0.13.0',
    tools: 19,
    tool: 'get_setup_instructions',
    arguments: {},
    answers: /tauri/i,
  },
  {
    identifier: '@mobilenext/mobile-mcp',
    version: '1.0.4',
    tools: 32,
    tool: 'mobile_list_available_devices',
    arguments: { noParams: {} },
    answers: /devices/,
  },
  {
    identifier: '@softeria/ms-365-mcp-server',
    version: '0.155.0',
    tools: 188,
    tool: 'list-accounts',
    arguments: {},
    answers: /accounts/,
  },
  {
    identifier: '@bytebase/dbhub',
    version: '1.4.0',
    args: ['--transport', 'stdio', '--demo'],
    tools: 2,
    tool: 'execute_sql',
    arguments: { sql: 'select 6 * 7 as answer' },
    answers: /42/,
  },
  {
    identifier: 'mcp-sqlite-tools',
    version: '0.1.1',
    tools: 22,
    tool: 'create_database',
    arguments: { path: '/tmp/new.db' },
    answers: /new\.db/,
    refuses: /already exists/,
  },
  {
    // The one that speaks the modern era.
    identifier: 'obsidian-mcp',
    version: '2.0.1',
    args: [VAULT],
    tools: 12,
    tool: 'obsidian_list_vaults',
    arguments: {},
    answers: /"count": ?1/,
  },
  {
    identifier: '@angular/cli',
    version: '22.2.7',
    args: ['mcp'],
    tools: 9,
    tool: 'get_best_practices',
    arguments: {},
    answers: /Angular/,
  },
]

/** Small enough for every run of the tests. */
export const SMALL_PACKAGES = SMALL
export const ALL_PACKAGES = [...SMALL, ...OTHERS]
