import type { Command } from 'commander'
import { chooseClients, givenUp } from '../clients/choose-clients.ts'
import type { Client } from '../clients/client.ts'
import { availableClients } from '../clients/find-clients.ts'
import { createInstalls } from '../clients/installs.ts'
import { thisMachine } from '../clients/machine.ts'
import { maskedDiff } from '../clients/masked-diff.ts'
import { ownFolder } from '../clients/place.ts'
import { askToGoOn } from '../clients/questions.ts'
import { planUninstall, type UninstallPlan } from '../clients/uninstall-entry.ts'
import type { Console } from '../terminal/console.ts'
import type { CommandContext } from './context.ts'

interface Flags {
  readonly client?: readonly string[]
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly name?: string
}

export function addUninstall(program: Command, context: CommandContext): void {
  program
    .command('uninstall')
    .description('take mcpgw out of AI clients again')
    .option('--client <id...>', 'clients to take it out of')
    .option('--all', 'take it out of every client that has it')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'do not ask')
    .option('--name <key>', 'name of the entry, if only that one is to go')
    .option('--json', 'print the result as JSON')
    .action((flags: Flags) => uninstall(flags, context))
}

/** Removes the entries install wrote, and what came into being with them. */
async function uninstall(flags: Flags, { settings, streams, console }: CommandContext): Promise<void> {
  const machine = thisMachine(settings, streams.env)
  const { place } = machine
  const work = { machine, installs: createInstalls(ownFolder(place)), now: () => new Date() }
  const plansOf = (client: Client) => planUninstall(client, flags.name, work)
  const named = flags.client ?? []
  const candidates = named.length > 0 ? [] : await clientsWithEntry(availableClients(place), plansOf, console)
  const chosen = await chooseClients(
    { named, all: flags.all === true },
    {
      command: 'uninstall',
      place,
      candidates,
      offered: candidates,
      console,
      streams,
    },
  )
  const first = (await Promise.all(chosen.map(plansOf))).flat()
  if (!console.asJson) showDiffs(first, console)
  const asks = console.isInteractive && !console.asJson && !flags.yes && !flags.dryRun
  if (asks && first.length > 0 && !(await askToGoOn(question(first), streams))) throw givenUp()

  const isDryRun = flags.dryRun === true
  const removed: UninstallPlan[] = isDryRun ? first : await removeAll(chosen, plansOf)
  report(chosen, removed, isDryRun, console)
}

/** With a broken configuration nobody can tell; that client is said and left out. */
async function clientsWithEntry(
  offered: readonly Client[],
  plansOf: (client: Client) => Promise<readonly UninstallPlan[]>,
  console: Console,
): Promise<readonly Client[]> {
  const found: Client[] = []
  for (const client of offered) {
    const plans = await plansOf(client).catch((error: Error) => {
      console.warn(`${client.name}: ${error.message}`)
      return []
    })
    if (plans.length > 0) found.push(client)
  }
  return found
}

/** Two entries in one file are planned one after the other: the second on what the first left. */
async function removeAll(
  chosen: readonly Client[],
  plansOf: (client: Client) => Promise<readonly UninstallPlan[]>,
): Promise<UninstallPlan[]> {
  const removed: UninstallPlan[] = []
  for (const client of chosen) {
    for (let plans = await plansOf(client); ; plans = await plansOf(client)) {
      const next = plans.at(-1)
      if (next === undefined) break
      await next.apply()
      removed.push(next)
    }
  }
  return removed
}

function showDiffs(plans: readonly UninstallPlan[], console: Console): void {
  for (const { file, before, after } of plans) {
    const own = { entry: {}, text: '' }
    for (const line of maskedDiff({ file, before, after, own })) console.say(line)
  }
}

function question(plans: readonly UninstallPlan[]): string {
  return plans.length === 1 ? 'Change this file?' : `Change these ${plans.length} files?`
}

function report(
  chosen: readonly Client[],
  removed: readonly UninstallPlan[],
  isDryRun: boolean,
  console: Console,
): void {
  const items = removed.map(({ client, file, key, after }) => ({
    client: client.id,
    name: client.name,
    file,
    key,
    status: isDryRun ? 'would_remove' : 'removed',
    fileDeleted: after === undefined,
  }))
  const absent = chosen.filter((client) => !removed.some((plan) => plan.client === client))
  const lines = [
    ...items.map(
      ({ name, key, file, fileDeleted }) =>
        `${name}: "${key}" ${isDryRun ? 'would be taken' : 'taken'} out of ${file}${fileDeleted ? ', which is deleted' : ''}.`,
    ),
    ...absent.map(({ name }) => `${name}: no entry of mcpgw.`),
  ]
  const others = absent.map(({ id, name }) => ({ client: id, name, status: 'absent' }))
  console.result(
    { clients: [...items, ...others] },
    lines.length > 0 ? lines : ['No client has an entry of mcpgw.'],
  )
}
