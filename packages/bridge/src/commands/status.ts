import type { Command } from 'commander'
import { type AdminApi, createAdminApi } from '../api/admin-api.ts'
import { expiryOf } from '../api/identity.ts'
import type { LoggedCall, ServerState } from '../api/shapes.ts'
import { BridgeError } from '../bridge-error.ts'
import { createAccess } from '../credentials/access.ts'
import { onOneLine } from '../doctor/report.ts'
import type { Settings } from '../settings.ts'
import type { Console } from '../terminal/console.ts'
import type { CommandContext } from './context.ts'

export function addStatus(program: Command, { settings, console }: CommandContext): void {
  program
    .command('status')
    .description('show the workspace, its servers and your last calls')
    .option('--workspace <url>', 'workspace to show instead of the default one')
    .option('--json', 'print the result as JSON')
    .action(({ workspace }: { workspace?: string }) => status({ workspace, settings, console }))
}

const shownCalls = 5

/** Shows at a glance how the workspace is doing. What the role may not see is left out. */
async function status(options: {
  workspace: string | undefined
  settings: Settings
  console: Console
}): Promise<void> {
  const { console } = options
  const access = createAccess(options.settings, options.workspace)
  try {
    const { href } = await access.workspace()
    const { source } = await access.token()
    const api = createAdminApi(access)
    const view = {
      workspace: href,
      storage: source,
      ...(await console.during('Asking the gateway', look(api))),
    }
    console.result(view, linesOf(view))
  } finally {
    await access.close()
  }
}

type View = { workspace: string; storage: string } & Awaited<ReturnType<typeof look>>

async function look(api: AdminApi) {
  const startedAt = performance.now()
  const identity = await api.whoami()
  const latencyMs = Math.round(performance.now() - startedAt)
  const [servers, calls] = await Promise.all([
    ifAllowed(api.servers()),
    ifAllowed(api.lastCalls(identity.member, shownCalls)),
  ])
  const { role, member } = identity
  return {
    gateway: { reachable: true, latencyMs },
    role,
    member,
    expiresAt: expiryOf(identity),
    servers,
    calls,
  }
}

async function ifAllowed<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof BridgeError && error.reason === 'forbidden') return undefined
    throw error
  })
}

function linesOf(view: View): string[] {
  const { servers, calls } = view
  return [
    `workspace  ${view.workspace}`,
    `gateway    answers (${view.gateway.latencyMs} ms)`,
    `member     ${onOneLine(view.member)}`,
    `role       ${onOneLine(view.role)}`,
    `expires    ${view.expiresAt ?? 'never'}`,
    `token      from ${view.storage}`,
    ...(servers === undefined ? [] : ['', 'Servers', ...serverLines(servers)]),
    ...(calls === undefined ? [] : ['', 'Your last calls', ...callLines(calls)]),
  ]
}

function serverLines(servers: readonly ServerState[]): string[] {
  if (servers.length === 0) return ['  none yet']
  return aligned(
    servers.map(({ name, status, tools, error }) => [
      name,
      status.replaceAll('_', ' '),
      `${tools} ${tools === 1 ? 'tool' : 'tools'}`,
      error?.message ?? '',
    ]),
  )
}

function callLines(calls: readonly LoggedCall[]): string[] {
  if (calls.length === 0) return ['  none yet']
  return aligned(
    calls.map(({ time, shownAs, server, tool, method, outcome, latencyMs }) => [
      time,
      shownAs ?? ([server, tool].filter(Boolean).join('.') || (method ?? '')),
      outcome.replaceAll('_', ' '),
      `${Math.round(latencyMs)} ms`,
    ]),
  )
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(onOneLine))
  const columns = Math.max(...cells.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  )
  return cells.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
}
