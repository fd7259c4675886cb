import type { Command } from 'commander'
import { given, jsonOption } from './options.ts'
import { formatFields, formatTable } from './table.ts'
import { pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

export function addWorkspaceCommands(program: Command, terminal: Terminal): void {
  const workspace = program.command('workspace').description('make, list and remove workspaces')

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
    .command('remove <slug>')
    .description('remove a workspace with its servers, credentials and tokens; its log stays')
    .addOption(jsonOption())
    .action(async (slug: string, options: Json) => {
      await terminal.ask('DELETE', pathOf('workspaces', slug))
      terminal.print(options, { removed: slug }, `Removed ${slug}.\n`)
    })
}
