import { type Command, Option } from 'commander'
import { EXIT } from './command-failed.ts'
import { given, jsonOption, parseWholeNumber } from './options.ts'
import { formatFields, formatTable } from './table.ts'
import { pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

interface Settable {
  name?: string
  auditCapture?: string
  auditRetentionDays?: number | 'default'
}

export function addWorkspaceCommands(program: Command, terminal: Terminal): void {
  const workspace = program.command('workspace').description('make, list, change and remove workspaces')

  workspace
    .command('create <slug>')
    .description('make a workspace; the slug becomes part of its URL')
    .option('--name <name>', 'a name for people')
    .addOption(jsonOption())
    .action(async (slug: string, options: Json & { name?: string }) => {
      const made = await terminal.askFields('POST', '/workspaces', given({ slug, name: options.name }))
      terminal.print(options, made, formatFields(made))
    })

  workspace
    .command('list')
    .description('list the workspaces')
    .addOption(jsonOption())
    .action(async (options: Json) => {
      const items = await terminal.askAll('/workspaces')
      const rows = items.map(({ slug, name, createdAt }) => [slug, name, createdAt])
      terminal.print(options, { items }, formatTable(['SLUG', 'NAME', 'CREATED'], rows))
    })

  workspace
    .command('show <slug>')
    .description('show one workspace')
    .addOption(jsonOption())
    .action(async (slug: string, options: Json) => {
      const found = await terminal.askFields('GET', pathOf('workspaces', slug))
      terminal.print(options, found, formatFields(found))
    })

  workspace
    .command('set <slug>')
    .description('change the name of a workspace, what its log keeps and for how long')
    .option('--name <name>', 'a name for people')
    .addOption(
      new Option('--audit-capture <mode>', 'keep arguments and results of tool calls').choices(['on', 'off']),
    )
    .option(
      '--audit-retention-days <days>',
      'how long its log is kept, or "default": what all have',
      parseDays,
    )
    .addOption(jsonOption())
    .action(async (slug: string, options: Json & Settable) => {
      const change = changeOf(options)
      if (Object.keys(change).length === 0)
        terminal.fail(EXIT.wrongUsage, 'Nothing to change: give at least one option.')
      const changed = await terminal.askFields('PATCH', pathOf('workspaces', slug), change)
      terminal.print(options, changed, formatFields(changed))
    })

  workspace
    .command('remove <slug>')
    .description('remove a workspace with its servers, credentials and tokens; its log stays')
    .addOption(jsonOption())
    .action(async (slug: string, options: Json) => {
      await terminal.ask('DELETE', pathOf('workspaces', slug))
      terminal.print(options, { removed: slug }, `Removed ${slug}.\n`)
    })
}

// Not null yet, which the parser of options takes for an option without a value.
function parseDays(text: string): number | 'default' {
  return text === 'default' ? text : parseWholeNumber(text)
}

function changeOf({ name, auditCapture, auditRetentionDays }: Settable): object {
  const retentionDays = auditRetentionDays === 'default' ? null : auditRetentionDays
  const audit = given({ capture: auditCapture, retentionDays })
  return given({ name, audit: Object.keys(audit).length === 0 ? undefined : audit })
}
