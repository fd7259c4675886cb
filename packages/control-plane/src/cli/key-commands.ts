import type { Command } from 'commander'
import { jsonOption } from './options.ts'
import { formatFields } from './table.ts'
import type { Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

export function addKeyCommands(program: Command, terminal: Terminal): void {
  const key = program.command('key').description('look at and change the master key')

  key
    .command('show')
    .description('where the master key comes from, its id, and whether a change is unfinished; never the key')
    .addOption(jsonOption())
    .action(async (options: Json) => {
      const found = await terminal.askFields('GET', '/master-key')
      terminal.print(options, found, formatFields(found))
    })

  key
    .command('rotate')
    .description('change the master key, or finish a change that was begun, while calls go on')
    .addOption(jsonOption())
    .action(async (options: Json) => {
      const { advice, ...rotated } = await terminal.askFields('POST', '/master-key/rotate')
      terminal.print(options, { ...rotated, advice }, formatFields(rotated))
      terminal.note(String(advice))
    })
}
