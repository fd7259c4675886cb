import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { EXIT } from './command-failed.ts'
import { given, jsonOption, parseWholeNumber } from './options.ts'
import { formatTable } from './table.ts'
import { type Fields, pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

interface Filter extends Json {
  server?: string
  tool?: string
  member?: string
  token?: string
  outcome?: string
  kind?: string
  from?: string
  to?: string
  cursor?: string
  limit?: number
}

export function addAuditCommands(program: Command, terminal: Terminal): void {
  const audit = program.command('audit').description('read, verify and export the log')

  audit
    .command('list [workspace]')
    .description('the newest rows of the log; without a workspace those of the installation')
    .option('--server <name>', 'only this server')
    .option('--tool <name>', "only this tool, by the server's own name")
    .option('--member <member>', 'only this member')
    .option('--token <id>', 'only this token')
    .option('--outcome <outcome>', 'only this outcome')
    .option('--kind <kind>', 'only calls of agents, or only actions of people ("call" or "management")')
    .option('--from <time>', 'from this time on')
    .option('--to <time>', 'before this time')
    .option('--limit <rows>', 'how many rows', parseWholeNumber)
    .option('--cursor <cursor>', 'go on where an earlier page ended')
    .addOption(jsonOption())
    .action(async (workspace: string | undefined, options: Filter) => {
      const page = await terminal.askPage(`${auditPath(workspace)}${queryOf(options)}`)
      terminal.print(options, page, formatRows(page.items))
      if (options.json !== true && page.nextCursor !== undefined)
        terminal.note(`More: --cursor ${page.nextCursor}`)
    })

  audit
    .command('verify [workspace]')
    .description('look for changed, missing or reordered rows; without a workspace in every log')
    .addOption(jsonOption())
    .action(async (workspace: string | undefined, options: Json) => {
      const verdicts =
        workspace === undefined ? await verifyAll(terminal) : [await verify(terminal, workspace)]
      terminal.print(options, { items: verdicts }, formatVerdicts(verdicts))
      if (verdicts.some((verdict) => verdict.ok !== true))
        terminal.fail(EXIT.failed, 'The log is not as it was written.')
    })

  audit
    .command('export <workspace>')
    .description('the whole log on stdout, oldest first')
    .addOption(
      new Option('--format <format>', 'JSON lines or CSV').choices(['jsonl', 'csv']).default('jsonl'),
    )
    .option('--json', 'the same as --format jsonl')
    .action(async (workspace: string, { format, json }: Json & { format: string }) => {
      const chosen = json === true ? 'jsonl' : format
      await copyOut(terminal, await terminal.ask('GET', `${auditPath(workspace)}/export?format=${chosen}`))
    })
}

async function verifyAll(terminal: Terminal): Promise<Fields[]> {
  const verdicts: Fields[] = []
  for (const { slug } of await terminal.askAll('/workspaces')) {
    if (typeof slug === 'string') verdicts.push(await verify(terminal, slug))
  }
  return [...verdicts, await verify(terminal, undefined)]
}

async function verify(terminal: Terminal, workspace: string | undefined): Promise<Fields> {
  const verdict = await terminal.askFields('GET', `${auditPath(workspace)}/verify`)
  return { workspace: workspace ?? null, ...verdict }
}

async function copyOut(terminal: Terminal, body: unknown): Promise<void> {
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) {
    return terminal.fail(EXIT.failed, 'The gateway gave an answer that cannot be read.')
  }
  // An `AdminCall` gives a file as pieces of text.
  await pipeline(body as AsyncIterable<string>, terminal.io.stdout, { end: false })
}

function auditPath(workspace: string | undefined): string {
  return workspace === undefined ? '/audit' : `${pathOf('workspaces', workspace)}/audit`
}

function queryOf({ json: _, ...filter }: Filter): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(given(filter))) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query}`
}

function formatRows(items: Fields[]): string {
  const rows = items.map(({ seq, time, member, method, server, tool, outcome, reason, latencyMs }) => [
    seq,
    time,
    member,
    method,
    server,
    tool,
    outcome,
    reason,
    latencyMs,
  ])
  return formatTable(['SEQ', 'TIME', 'MEMBER', 'METHOD', 'SERVER', 'TOOL', 'OUTCOME', 'REASON', 'MS'], rows)
}

function formatVerdicts(verdicts: Fields[]): string {
  const rows = verdicts.map(({ workspace, ok, rows, firstBadSeq, reason }) => [
    workspace ?? '(installation)',
    ok === true ? 'intact' : 'damaged',
    rows,
    firstBadSeq,
    reason,
  ])
  return formatTable(['WORKSPACE', 'LOG', 'ROWS', 'FIRST BAD ROW', 'REASON'], rows)
}
