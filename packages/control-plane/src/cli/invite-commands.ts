import { type Command, Option } from 'commander'
import { given, jsonOption, parseWholeNumber } from './options.ts'
import { addRuleOptions, type RuleOptions, rulesIn } from './rule-options.ts'
import { formatFields, formatTable } from './table.ts'
import { type Fields, pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

interface NewInvite extends Json, RuleOptions {
  member: string
  role: string
  expiresIn?: number
  tokenExpiresIn?: number
}

export function addInviteCommands(program: Command, terminal: Terminal): void {
  const invite = program.command('invite').description('invite people to a workspace by a link')

  const create = invite
    .command('create <workspace>')
    .description('make a link, shown once, that gives one token to whoever opens it first')
    .requiredOption('--member <member>', 'the person or agent who is invited')
    .addOption(
      new Option('--role <role>', 'what the token may do in the workspace')
        .choices(['admin', 'developer', 'readonly'])
        .makeOptionMandatory(),
    )
    .option('--expires-in <seconds>', 'how long the link is good; a day unless given', parseWholeNumber)
    .option('--token-expires-in <seconds>', 'how long the token lives', parseWholeNumber)
  addRuleOptions(create)
    .addOption(jsonOption())
    .action(async (workspace: string, options: NewInvite) => {
      const { member, role, expiresIn, tokenExpiresIn } = options
      const wanted = given({ member, role, expiresIn, tokenExpiresIn, rules: rulesIn(options) })
      const made = await terminal.askFields('POST', invitesPath(workspace), wanted)
      terminal.print(options, made, formatFields(made))
      terminal.note('The link is shown this once and works once: send it to the member over a private way.')
    })

  invite
    .command('list <workspace>')
    .description('list the invites of a workspace and what became of them')
    .addOption(jsonOption())
    .action(async (workspace: string, options: Json) => {
      const items = await terminal.askAll(invitesPath(workspace))
      terminal.print(options, { items }, formatInvites(items))
    })

  invite
    .command('revoke <id> <workspace>')
    .description('take an invite back; a token it has given stays')
    .addOption(jsonOption())
    .action(async (id: string, workspace: string, options: Json) => {
      await terminal.ask('DELETE', `${invitesPath(workspace)}${pathOf(id)}`)
      terminal.print(options, { revoked: id }, `Revoked ${id}.\n`)
    })
}

function invitesPath(workspace: string): string {
  return `${pathOf('workspaces', workspace)}/invites`
}

function formatInvites(items: Fields[]): string {
  const rows = items.map(({ id, member, role, state, expiresAt, usedAt }) => [
    id,
    member,
    role,
    state,
    expiresAt,
    usedAt,
  ])
  return formatTable(['ID', 'MEMBER', 'ROLE', 'STATE', 'EXPIRES', 'USED'], rows)
}
