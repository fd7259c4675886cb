import { existsSync, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { type CheckpointFile, readCheckpointFile } from './checkpoint-file.ts'
import { EXIT } from './command-failed.ts'
import { given, jsonOption, parseWholeNumber } from './options.ts'
import { formatFields, formatTable } from './table.ts'
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

interface Evidence extends Json {
  checkpoints?: string
  key?: string
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
    .command('show <workspace> <seq>')
    .description('one row, with what is kept of the call')
    .addOption(jsonOption())
    .action(async (workspace: string, seq: string, options: Json) => {
      const row = await terminal.askFields('GET', `${auditPath(workspace)}${pathOf(seq)}`)
      terminal.print(options, row, formatFields(row))
    })

  audit
    .command('verify [workspace]')
    .description('look for changed, missing or reordered rows; without a workspace in every log')
    .option(
      '--checkpoints <file>',
      'compare with the checkpoints in this file: also finds a cut or rewritten log',
    )
    .option(
      '--key <key>',
      'the public key that signed them, as base64 or a file; otherwise the gateway is asked',
    )
    .addOption(jsonOption())
    .action(async (workspace: string | undefined, options: Evidence) => {
      const check = await openCheck(terminal, options)
      const verdicts = workspace === undefined ? await verifyAll(check) : [await verify(check, workspace)]
      terminal.print(options, { items: verdicts }, formatVerdicts(verdicts))
      if (verdicts.some((verdict) => verdict.ok !== true))
        terminal.fail(EXIT.failed, 'The log is not as it was written.')
    })

  audit
    .command('checkpoint [workspace]')
    .description('where a log stands now, signed, as one line; without a workspace that of the installation')
    .option('--json', 'it is always JSON')
    .action(async (workspace: string | undefined) => {
      const checkpoint = await terminal.askFields('GET', `${auditPath(workspace)}/checkpoint`)
      terminal.io.stdout.write(`${JSON.stringify(checkpoint)}\n`)
    })

  audit
    .command('key')
    .description('the public key of checkpoints; keep it where the checkpoints are')
    .addOption(jsonOption())
    .action(async (options: Json) => {
      const key = await terminal.askFields('GET', '/audit/checkpoint-key')
      terminal.print(options, key, `${key.publicKey}\n`)
    })

  audit
    .command('export <workspace>')
    .description('the log on stdout, oldest first')
    .option('--from <time>', 'from this time on')
    .option('--to <time>', 'before this time')
    .addOption(
      new Option('--format <format>', 'JSON lines or CSV').choices(['jsonl', 'csv']).default('jsonl'),
    )
    .option('--json', 'the same as --format jsonl')
    .action(async (workspace: string, { json, format, ...span }: Filter & { format: string }) => {
      const query = queryOf<Filter & { format: string }>({
        format: json === true ? 'jsonl' : format,
        ...span,
      })
      await copyOut(terminal, await terminal.ask('GET', `${auditPath(workspace)}/export${query}`))
    })
}

/** What logs are verified with. */
interface Check {
  terminal: Terminal
  checkpoints?: CheckpointFile
  key?: string
}

async function openCheck(terminal: Terminal, { checkpoints: path, key }: Evidence): Promise<Check> {
  if (path === undefined && key === undefined) return { terminal }
  if (path === undefined)
    return terminal.fail(EXIT.wrongUsage, 'A key checks checkpoints: give their file, with --checkpoints.')
  if (!existsSync(path)) return terminal.fail(EXIT.wrongUsage, `There is no file ${path}.`)
  const checkpoints = await readCheckpointFile(path)
  if (checkpoints.unreadable > 0) terminal.note(`Lines that are no checkpoints: ${checkpoints.unreadable}`)
  if (key === undefined)
    terminal.note('The signatures are checked with the key that the gateway itself names.')
  return { terminal, checkpoints, ...(key === undefined ? {} : { key: readKey(key) }) }
}

function readKey(key: string): string {
  return (existsSync(key) ? readFileSync(key, 'utf8') : key).trim()
}

async function verifyAll(check: Check): Promise<Fields[]> {
  const verdicts: Fields[] = []
  const slugs = (await check.terminal.askAll('/workspaces')).map(({ slug }) => String(slug))
  for (const slug of slugs) verdicts.push(await verify(check, slug))
  const gone = check.checkpoints?.slugs.filter((slug) => slug !== null && !slugs.includes(slug)) ?? []
  if (gone.length > 0)
    check.terminal.note(`There are checkpoints of workspaces that are gone: ${gone.join(', ')}`)
  return [...verdicts, await verify(check, undefined)]
}

async function verify({ terminal, checkpoints, key }: Check, workspace: string | undefined): Promise<Fields> {
  const path = `${auditPath(workspace)}/verify`
  const verdict =
    checkpoints === undefined
      ? await terminal.askFields('GET', path)
      : await terminal.askFields('POST', path, given({ checkpoints: checkpoints.of(workspace ?? null), key }))
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

function queryOf<T extends Json>({ json: _, ...filter }: T): string {
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
  const rows = verdicts.map(({ workspace, ok, rows, pruned, checkpoints, firstBadSeq, reason }) => [
    workspace ?? '(installation)',
    ok === true ? 'intact' : 'damaged',
    rows,
    pruned,
    checkpoints,
    firstBadSeq,
    reason,
  ])
  return formatTable(['WORKSPACE', 'LOG', 'ROWS', 'PRUNED', 'CHECKPOINTS', 'FIRST BAD ROW', 'REASON'], rows)
}
