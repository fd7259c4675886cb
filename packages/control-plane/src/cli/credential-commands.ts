import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { askValues } from './ask-values.ts'
import { EXIT } from './command-failed.ts'
import { jsonOption } from './options.ts'
import { formatFields } from './table.ts'
import { pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

export function addCredentialCommands(program: Command, terminal: Terminal): void {
  const credential = program.command('credential').description("set and remove servers' credentials")

  credential
    .command('set <workspace> <server> [names...]')
    .description(
      'set all values of a credential: NAME=- asks for each; without names stdin is {"NAME": "value"}',
    )
    .addOption(jsonOption())
    .action(async (workspace: string, server: string, names: string[], options: Json) => {
      const values = names.length === 0 ? await readJson(terminal) : await askFor(terminal, names)
      const set = await terminal.askFields('PUT', credentialPath(workspace, server), { values })
      terminal.print(options, set, formatFields(set))
    })

  credential
    .command('show <workspace> <server>')
    .description('show the names of a credential; values are never shown')
    .addOption(jsonOption())
    .action(async (workspace: string, server: string, options: Json) => {
      const found = await terminal.askFields('GET', credentialPath(workspace, server))
      terminal.print(options, found, formatFields(found))
    })

  credential
    .command('remove <workspace> <server>')
    .description('forget a credential')
    .addOption(jsonOption())
    .action(async (workspace: string, server: string, options: Json) => {
      await terminal.ask('DELETE', credentialPath(workspace, server))
      terminal.print(options, { removed: server }, `Removed the credential of ${server}.\n`)
    })
}

async function askFor(terminal: Terminal, requests: string[]): Promise<Record<string, string>> {
  const names = requests.map((request) => /^([A-Za-z_][A-Za-z0-9_]*)=-$/.exec(request)?.[1])
  const known = names.filter((name) => name !== undefined)
  if (known.length === names.length) return askValues(terminal.io, known)
  return terminal.fail(
    EXIT.wrongUsage,
    'Name each value as NAME=- and give it on stdin: a secret on the command line would stay in the shell history.',
  )
}

async function readJson(terminal: Terminal): Promise<unknown> {
  if (terminal.io.stdin.isTTY === true) {
    terminal.fail(EXIT.wrongUsage, 'Name the values to set, as in TOKEN=-, or pipe {"TOKEN": "…"} in.')
  }
  try {
    return JSON.parse(await text(terminal.io.stdin))
  } catch {
    return terminal.fail(EXIT.wrongUsage, 'stdin is not JSON such as {"TOKEN": "…"}.')
  }
}

function credentialPath(workspace: string, server: string): string {
  return `${pathOf('workspaces', workspace, 'servers', server)}/credential`
}
