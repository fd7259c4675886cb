import { type Command, Option } from 'commander'
import { EXIT } from './command-failed.ts'
import { given, jsonOption, parseWholeNumber } from './options.ts'
import { addRuleOptions, type RuleOptions, rulesIn } from './rule-options.ts'
import { formatFields, formatTable } from './table.ts'
import { type Fields, pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

interface NewToken extends Json, RuleOptions {
  name: string
  member: string
  role?: string
  expiresIn?: number
}

export function addTokenCommands(program: Command, terminal: Terminal): void {
  const token = program.command('token').description('issue, list and end tokens')

  const create = token
    .command('create [workspace]')
    .description('issue a token, shown once; without a workspace an owner token')
    .requiredOption('--name <name>', 'what the token is for')
    .requiredOption('--member <member>', 'the person or agent it is issued to')
    .addOption(
      new Option('--role <role>', 'what it may do in the workspace').choices([
        'admin',
        'developer',
        'readonly',
      ]),
    )
    .option('--expires-in <seconds>', 'how long it lives', parseWholeNumber)
  addRuleOptions(create)
    .addOption(jsonOption())
    .action(async (workspace: string | undefined, options: NewToken) => {
      printIssued(
        terminal,
        options,
        await terminal.askFields('POST', tokensPath(workspace), newToken(terminal, workspace, options)),
      )
    })

  token
    .command('list [workspace]')
    .description('list the tokens of a workspace; without one the owner tokens')
    .addOption(jsonOption())
    .action(async (workspace: string | undefined, options: Json) => {
      const items = await terminal.askAll(tokensPath(workspace))
      terminal.print(options, { items }, formatTokens(items))
    })

  token
    .command('revoke <id> [workspace]')
    .description('end a token, and whatever it has open')
    .addOption(jsonOption())
    .action(async (id: string, workspace: string | undefined, options: Json) => {
      await terminal.ask('DELETE', `${tokensPath(workspace)}${pathOf(id)}`)
      terminal.print(options, { revoked: id }, `Revoked ${id}.\n`)
    })

  token
    .command('rotate <id> [workspace]')
    .description('replace a token by a new one, shown once; the old one stops at once')
    .option('--expires-in <seconds>', 'how long the new one lives', parseWholeNumber)
    .addOption(jsonOption())
    .action(async (id: string, workspace: string | undefined, options: Json & { expiresIn?: number }) => {
      const path = `${tokensPath(workspace)}${pathOf(id, 'rotate')}`
      printIssued(
        terminal,
        options,
        await terminal.askFields('POST', path, given({ expiresIn: options.expiresIn })),
      )
    })
}

function newToken(terminal: Terminal, workspace: string | undefined, options: NewToken) {
  const { name, member, role, expiresIn } = options
  if (workspace !== undefined && role === undefined) {
    terminal.fail(EXIT.wrongUsage, 'Give --role admin, developer or readonly.')
  }
  return given({ name, member, role, expiresIn, rules: rulesIn(options) })
}

function tokensPath(workspace: string | undefined): string {
  return workspace === undefined ? '/tokens' : `${pathOf('workspaces', workspace)}/tokens`
}

function printIssued(terminal: Terminal, options: Json, issued: Fields): void {
  terminal.print(options, issued, formatFields(issued))
  terminal.note('The token is shown this once: keep it where the member can find it.')
}

function formatTokens(items: Fields[]): string {
  const rows = items.map(({ id, name, member, role, expiresAt, lastUsedAt, revokedAt }) => [
    id,
    name,
    member,
    role,
    expiresAt,
    lastUsedAt,
    revokedAt,
  ])
  return formatTable(['ID', 'NAME', 'MEMBER', 'ROLE', 'EXPIRES', 'LAST USED', 'REVOKED'], rows)
}
