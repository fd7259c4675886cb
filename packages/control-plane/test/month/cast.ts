import type { Role } from '../../src/model/role.ts'

/** A tool, how much it is used beside others of its server, its server's median time for it, and how much comes back. */
export type Tool = [name: string, weight: number, medianMs: number, bytesOut: number]

export const SERVERS: Record<string, { url: string; tools: Tool[] }> = {
  jira: {
    url: 'https://mcp.atlassian.example/v1/jira',
    tools: [
      ['search_issues', 40, 180, 9_000],
      ['get_issue', 30, 95, 4_000],
      ['create_issue', 8, 240, 900],
      ['add_comment', 12, 160, 400],
      ['transition_issue', 6, 210, 300],
      ['list_projects', 4, 120, 2_500],
    ],
  },
  postgres: {
    url: 'https://warehouse.internal.example/mcp',
    tools: [
      ['query', 70, 22, 6_000],
      ['list_tables', 15, 6, 2_200],
      ['describe_table', 15, 5, 1_400],
    ],
  },
  github: {
    url: 'https://api.githubcopilot.example/mcp',
    tools: [
      ['search_code', 22, 310, 12_000],
      ['get_file_contents', 30, 140, 8_000],
      ['list_pull_requests', 14, 190, 7_500],
      ['get_pull_request', 14, 150, 5_000],
      ['create_pull_request', 4, 420, 1_800],
      ['add_issue_comment', 6, 230, 500],
      ['list_commits', 6, 170, 6_000],
      ['merge_pull_request', 2, 510, 400],
    ],
  },
  slack: {
    url: 'https://mcp.slack.example/mcp',
    tools: [
      ['post_message', 40, 110, 300],
      ['search_messages', 30, 260, 5_500],
      ['list_channels', 10, 90, 4_200],
      ['get_thread', 20, 130, 3_800],
    ],
  },
  notion: {
    url: 'https://mcp.notion.example/mcp',
    tools: [
      ['search', 40, 340, 6_200],
      ['fetch', 35, 280, 11_000],
      ['create_page', 10, 460, 900],
      ['update_page', 15, 390, 700],
    ],
  },
  linear: {
    url: 'https://mcp.linear.example/sse',
    tools: [
      ['list_issues', 45, 120, 6_500],
      ['get_issue', 30, 80, 2_500],
      ['create_issue', 12, 170, 800],
      ['update_issue', 13, 150, 600],
    ],
  },
  stripe: {
    url: 'https://mcp.stripe.example',
    tools: [
      ['list_customers', 30, 210, 5_000],
      ['list_invoices', 35, 250, 7_000],
      ['create_refund', 5, 380, 500],
      ['search_documentation', 30, 160, 9_000],
    ],
  },
  sentry: {
    url: 'https://mcp.sentry.example/mcp',
    tools: [
      ['find_issues', 45, 290, 8_000],
      ['get_issue_details', 40, 220, 14_000],
      ['update_issue', 15, 200, 400],
    ],
  },
  figma: {
    url: 'https://mcp.figma.example/mcp',
    tools: [
      ['get_design_context', 50, 900, 60_000],
      ['get_screenshot', 30, 1_400, 180_000],
      ['get_variable_defs', 20, 350, 4_000],
    ],
  },
  confluence: {
    url: 'https://mcp.atlassian.example/v1/confluence',
    tools: [
      ['search_pages', 50, 230, 7_000],
      ['get_page', 40, 150, 16_000],
      ['create_page', 10, 420, 700],
    ],
  },
  grafana: {
    url: 'https://grafana.internal.example/mcp',
    tools: [
      ['query_prometheus', 50, 75, 9_000],
      ['query_loki_logs', 30, 420, 30_000],
      ['list_alert_rules', 12, 60, 5_000],
      ['search_dashboards', 8, 45, 3_000],
    ],
  },
  files: {
    url: 'https://files.internal.example/mcp',
    tools: [
      ['read_file', 45, 3, 7_000],
      ['list_directory', 25, 2, 1_500],
      ['search_files', 20, 18, 2_600],
      ['write_file', 7, 5, 150],
      ['move_file', 3, 4, 120],
    ],
  },
}

/** When somebody calls, as hours of UTC: `always` is every hour of every day. */
export type Rhythm = { from: number; to: number; weekends: number } | 'always' | 'rarely'

export interface Member {
  name: string
  role: Exclude<Role, 'owner'>
  weight: number
  rhythm: Rhythm
  servers: Record<string, number>
  tokens: [name: string, client: string, share: number][]
}

const CURSOR = 'Cursor 2.1.7'
const CLAUDE_CODE = 'claude-code 2.0.55'
const VS_CODE = 'Visual Studio Code 1.106.2'
const CODEX = 'codex-mcp-client 0.63.0'
const AGENT = 'mcp-agent 1.4.0'

const EUROPE: Rhythm = { from: 7, to: 16, weekends: 0.06 }
const EARLY: Rhythm = { from: 5, to: 14, weekends: 0.03 }
const AMERICA: Rhythm = { from: 13, to: 23, weekends: 0.08 }

const CODE = { github: 34, files: 26, jira: 16, sentry: 8, postgres: 8, slack: 5, confluence: 3 }
const DATA = { postgres: 52, notion: 12, github: 12, grafana: 12, slack: 8, files: 4 }
const OPERATIONS = { grafana: 34, sentry: 22, github: 18, slack: 12, postgres: 8, jira: 6 }
const DESIGN = { figma: 44, notion: 26, linear: 20, slack: 10 }
const BUSINESS = { stripe: 30, notion: 24, slack: 20, linear: 14, confluence: 12 }

export const MEMBERS: Member[] = [
  {
    name: 'ada',
    role: 'admin',
    weight: 9,
    rhythm: EUROPE,
    servers: CODE,
    tokens: [
      ['laptop', CLAUDE_CODE, 7],
      ['desktop', CURSOR, 3],
    ],
  },
  {
    name: 'bruno',
    role: 'developer',
    weight: 11,
    rhythm: EUROPE,
    servers: CODE,
    tokens: [['thinkpad', CURSOR, 1]],
  },
  {
    name: 'chen',
    role: 'developer',
    weight: 8,
    rhythm: AMERICA,
    servers: DATA,
    tokens: [
      ['macbook', VS_CODE, 4],
      ['codex', CODEX, 6],
    ],
  },
  {
    name: 'dalia',
    role: 'developer',
    weight: 10,
    rhythm: EARLY,
    servers: CODE,
    tokens: [['laptop', CLAUDE_CODE, 1]],
  },
  {
    name: 'emeka',
    role: 'developer',
    weight: 7,
    rhythm: EUROPE,
    servers: OPERATIONS,
    tokens: [['workstation', CODEX, 1]],
  },
  {
    name: 'freya',
    role: 'developer',
    weight: 4,
    rhythm: EUROPE,
    servers: DESIGN,
    tokens: [['studio', CURSOR, 1]],
  },
  {
    name: 'gustavo',
    role: 'developer',
    weight: 6,
    rhythm: AMERICA,
    servers: BUSINESS,
    tokens: [['macbook', VS_CODE, 1]],
  },
  {
    name: 'hana',
    role: 'admin',
    weight: 6,
    rhythm: AMERICA,
    servers: OPERATIONS,
    tokens: [['laptop', CLAUDE_CODE, 1]],
  },
  {
    name: 'ivan',
    role: 'readonly',
    weight: 2,
    rhythm: EUROPE,
    servers: BUSINESS,
    tokens: [['tablet', VS_CODE, 1]],
  },
  {
    name: 'jun',
    role: 'developer',
    weight: 5,
    rhythm: EARLY,
    servers: DATA,
    tokens: [
      ['linux', CLAUDE_CODE, 5],
      ['cursor', CURSOR, 5],
    ],
  },
  {
    name: 'kofi',
    role: 'readonly',
    weight: 0,
    rhythm: 'rarely',
    servers: { confluence: 1 },
    tokens: [['audit visit', VS_CODE, 1]],
  },
  {
    name: 'ci',
    role: 'developer',
    weight: 18,
    rhythm: 'always',
    servers: { github: 55, sentry: 20, jira: 15, slack: 10 },
    tokens: [['github actions', AGENT, 1]],
  },
  {
    name: 'triage-bot',
    role: 'developer',
    weight: 12,
    rhythm: 'always',
    servers: { jira: 45, sentry: 30, slack: 15, linear: 10 },
    tokens: [['kubernetes', AGENT, 1]],
  },
  {
    name: 'nightly-report',
    role: 'developer',
    weight: 0,
    rhythm: 'rarely',
    servers: { postgres: 1 },
    tokens: [['cron', 'python-mcp 1.22.0', 1]],
  },
]
