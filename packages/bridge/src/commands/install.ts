import { type Command, Option } from 'commander'
import { asBridgeError, BridgeError } from '../bridge-error.ts'
import { chooseClients, givenUp } from '../clients/choose-clients.ts'
import type { Client } from '../clients/client.ts'
import { createEntryText } from '../clients/entry-text.ts'
import { availableClients, configFileOf, detectedClients } from '../clients/find-clients.ts'
import { type InstallPlan, type InstallWish, planInstall } from '../clients/install-entry.ts'
import { createInstalls } from '../clients/installs.ts'
import { chooseLaunchKind } from '../clients/launch.ts'
import { type Machine, thisMachine } from '../clients/machine.ts'
import { maskedDiff } from '../clients/masked-diff.ts'
import { ownFolder, type Place } from '../clients/place.ts'
import { askToGoOn } from '../clients/questions.ts'
import { defaultKey, freshEntry, requireKey } from '../clients/wanted-entry.ts'
import { createTokenStore } from '../credentials/token-store.ts'
import { chooseWorkspace } from '../credentials/workspace-choice.ts'
import type { Settings } from '../settings.ts'
import type { Console } from '../terminal/console.ts'
import { CommandEnd } from './command-end.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-code.ts'

interface Flags {
  readonly client?: readonly string[]
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly print?: boolean
  readonly force?: boolean
  readonly name?: string
  readonly workspace?: string
  readonly launcher: 'auto' | 'npx' | 'node'
}

export function addInstall(program: Command, context: CommandContext): void {
  program
    .command('install')
    .description('set up AI clients to start mcpgw')
    .option('--client <id...>', 'clients to set up')
    .option('--all', 'set up every client found on this machine')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'do not ask')
    .option('--print', 'print the entry for pasting, and change nothing')
    .option('--name <key>', `name of the entry, "${defaultKey}" unless given`)
    .option('--workspace <url>', 'workspace to use instead of the default one')
    .addOption(
      new Option('--launcher <way>', 'how clients start mcpgw')
        .choices(['auto', 'npx', 'node'])
        .default('auto'),
    )
    .option('--force', 'replace an entry of that name which starts something else')
    .option('--json', 'print the result as JSON')
    .action((flags: Flags) => install(flags, context))
}

/** Writes the entry that starts the bridge into the configurations of the chosen clients. */
async function install(flags: Flags, { settings, streams, console }: CommandContext): Promise<void> {
  const machine = thisMachine(settings, streams.env)
  const { place } = machine
  const workspace = await requireWorkspace(flags.workspace, settings, console)
  const wish = {
    key: requireKey(flags.name ?? defaultKey),
    workspace,
    kind: chooseLaunchKind(flags.launcher, machine.copy),
    force: flags.force === true,
  }
  const chosen = await chooseClients(
    { named: flags.client ?? [], all: flags.all === true },
    {
      command: 'install',
      place,
      candidates: detectedClients(place),
      offered: availableClients(place),
      console,
      streams,
    },
  )
  requireSome(chosen, place)
  if (flags.print) return printEntries(chosen, wish, machine, console)

  const { plans, failures } = await planAll(chosen, wish, machine)
  const changes = plans.filter(hasChange)
  if (!console.asJson) showDiffs(changes, wish, machine, console)
  const asks = console.isInteractive && !console.asJson && !flags.yes && !flags.dryRun
  if (asks && changes.length > 0 && !(await askToGoOn(question(changes), streams))) throw givenUp()

  const done: Outcome[] = []
  for (const plan of plans) {
    await carryOut(plan, flags.dryRun === true).then(
      (outcome) => done.push(outcome),
      (error: unknown) => failures.push({ client: plan.client, error: asBridgeError(error) }),
    )
  }
  const [first] = failures
  if (first !== undefined && chosen.length === 1) throw first.error
  for (const { client, error } of failures) console.warn(`${client.name}: ${error.sentence}`)
  report({ workspace, key: wish.key, done, failures }, console)
  if (first !== undefined) throw new CommandEnd(exitCodes.failed)
}

/** A login is not needed to install, but nothing works before it. */
async function requireWorkspace(
  flag: string | undefined,
  settings: Settings,
  console: Console,
): Promise<string> {
  // Clients hand on no MCPGW_TOKEN: only a stored token counts.
  const withoutToken = { ...settings, token: undefined }
  const store = createTokenStore(withoutToken)
  const { href } = await chooseWorkspace(flag, withoutToken, store)
  await store.require(href).catch((error: unknown) => console.warn(asBridgeError(error).sentence))
  return href
}

function requireSome(chosen: readonly Client[], place: Place): void {
  if (chosen.length > 0) return
  throw new BridgeError('usage', 'No client was found on this machine.', {
    fix: `Name one with --client: ${availableClients(place)
      .map(({ id }) => id)
      .join(', ')}.`,
  })
}

interface Failure {
  readonly client: Client
  readonly error: BridgeError
}

/** Where one client cannot be set up, the others go on without it. */
async function planAll(chosen: readonly Client[], wish: InstallWish, machine: Machine) {
  const installs = createInstalls(ownFolder(machine.place))
  const plans: InstallPlan[] = []
  const failures: Failure[] = []
  for (const client of chosen) {
    await planInstall(client, wish, { machine, installs, now: () => new Date() }).then(
      (plan) => plans.push(plan),
      (error: unknown) => failures.push({ client, error: asBridgeError(error) }),
    )
  }
  return { plans, failures }
}

const hasChange = ({ before, after }: InstallPlan) => before !== after

function showDiffs(
  plans: readonly InstallPlan[],
  wish: InstallWish,
  machine: Machine,
  console: Console,
): void {
  for (const { client, file, before, after } of plans) {
    const entry = freshEntry(client, wish, machine)
    const own = { entry, text: createEntryText(client).snippet(wish.key, entry) }
    for (const line of maskedDiff({ file, before, after, own })) console.say(line)
  }
}

function question(changes: readonly InstallPlan[]): string {
  return changes.length === 1 ? 'Write this file?' : `Write these ${changes.length} files?`
}

interface Outcome {
  readonly client: Client
  readonly file: string
  readonly status: 'written' | 'would_write' | 'already_right'
  readonly backup?: string
}

async function carryOut(plan: InstallPlan, isDryRun: boolean): Promise<Outcome> {
  const { client, file } = plan
  if (!hasChange(plan)) return { client, file, status: 'already_right' }
  if (isDryRun) return { client, file, status: 'would_write' }
  const { backup } = await plan.apply()
  return { client, file, status: 'written', ...(backup !== undefined && { backup }) }
}

const sentences: Readonly<Record<Outcome['status'], string>> = {
  written: 'set up',
  would_write: 'would be set up',
  already_right: 'already right',
}

interface Report {
  readonly workspace: string
  readonly key: string
  readonly done: readonly Outcome[]
  readonly failures: readonly Failure[]
}

function report({ workspace, key, done, failures }: Report, console: Console): void {
  const succeeded = done.map(({ client, status, ...rest }) => ({
    client: client.id,
    name: client.name,
    status,
    ...rest,
    ...(status === 'written' && { next: client.afterwards }),
  }))
  const failed = failures.map(({ client, error: { reason, message, fix } }) => ({
    client: client.id,
    name: client.name,
    status: 'failed',
    error: { reason, message, fix },
  }))
  const lines = done.map(({ client, status, file }) => {
    const next = status === 'written' ? ` ${client.afterwards}` : ''
    return `${client.name}: ${sentences[status]} in ${file}.${next}`
  })
  console.result({ workspace, key, clients: [...succeeded, ...failed] }, lines)
}

function printEntries(
  chosen: readonly Client[],
  wish: InstallWish,
  machine: Machine,
  console: Console,
): void {
  const entries = chosen.map((client) => {
    const file = configFileOf(client, machine.place)
    const text = createEntryText(client).snippet(wish.key, freshEntry(client, wish, machine))
    return { client: client.id, file, text }
  })
  for (const { file } of entries) console.say(`For ${file}:`)
  console.result(
    { workspace: wish.workspace, key: wish.key, clients: entries },
    entries.map(({ text }) => text.trimEnd()),
  )
}
