import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { may } from '../access/permissions.ts'
import { aboutEntry } from '../catalog/catalog-entry.ts'
import type { Shelved } from '../catalog/shelf.ts'
import type { FoundServer } from '../client-config/find-servers.ts'
import type { Proposal, Taken } from '../client-config/propose-servers.ts'
import type { Replacement } from '../client-config/replacement.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import { SERVER_NAME_PATTERN, type Server } from '../model/server.ts'
import { catalogFor } from './catalog.ts'
import { newServer } from './new-server.ts'
import { inWorkspace, record, type WorkspaceScene } from './operation.ts'
import { readInput } from './read-input.ts'
import {
  type Accepted,
  type Candidate,
  describeOffered,
  describeRefused,
  describeSkipped,
  type ImportedServer,
  importAnswer,
  printable,
  type Refusal,
} from './server-import-answer.ts'
import { serverInput } from './server-input.ts'
import { hostedTarget, packageTarget, remoteTarget, requireHeaderValues } from './upstream-target.ts'

const MAX_LENGTH = 1024 * 1024
const MAX_CHOICES = 100
const MAX_REF = 200

const serverName = z
  .string()
  .regex(SERVER_NAME_PATTERN, 'must be 1 to 32 of a-z, 0-9 and "-", and neither begin nor end with "-"')

const importInput = z.strictObject({
  /** A client's configuration as it stands in its file. Nothing of it is kept but what becomes a server. */
  text: z.string().min(1, 'must not be empty').max(MAX_LENGTH, 'must be at most 1 MiB'),
  dryRun: z.boolean().default(false),
  /** The `ref` of each server to add; without it all that need no choice. */
  choose: z.array(z.string().max(MAX_REF)).max(MAX_CHOICES, 'must hold at most 100').exactOptional(),
  /** Names to give, by `ref`. */
  rename: z
    .record(z.string().max(MAX_REF), serverName)
    .refine((names) => Object.keys(names).length <= MAX_CHOICES, 'must hold at most 100')
    .default({}),
  /** Of packages that name none, by `ref`. */
  versions: z
    .record(
      z.string().max(MAX_REF),
      z.string().regex(/^\d[\w.+!-]{0,100}$/, 'must be an exact version such as 1.2.3'),
    )
    .refine((versions) => Object.keys(versions).length <= MAX_CHOICES, 'must hold at most 100')
    .default({}),
})

export const importServers = inWorkspace({
  name: 'server.import',
  summary: "Add the servers of a client's configuration; their secrets go into the vault",
  action: 'server.write',
  recorded: true,
  input: importInput,
  answer: importAnswer,
  async run(scene, _where, { text, dryRun, choose, rename, versions }) {
    const { format, candidates, replacement } = await readConfig(scene, text, versions)
    const refs = candidates.map(({ ref }) => ref)
    for (const ref of [...(choose ?? []), ...Object.keys(rename), ...Object.keys(versions)])
      requireRef(ref, refs)
    const drafts = await draftServers(scene, candidates, rename)
    const items: ImportedServer[] = []
    for (const draft of drafts) {
      const chosen = choose === undefined ? draft.item.preselected : choose.includes(draft.item.ref)
      items.push(dryRun || !chosen ? draft.item : await add(scene, draft))
    }
    const added = items.filter(({ outcome }) => outcome === 'added').length
    scene.deed.shownAs = dryRun ? `nothing: ${items.length} looked at` : `${added} of ${items.length}`
    return { format, dryRun, items, replacement }
  },
})

interface ReadConfig {
  format: 'json' | 'toml' | 'yaml'
  candidates: Candidate[]
  replacement: Replacement
}

/** The parsers are loaded when somebody imports, which happens seldom. */
async function readConfig(
  scene: WorkspaceScene,
  text: string,
  versions: Readonly<Record<string, string>>,
): Promise<ReadConfig> {
  const { manage, principal, workspace } = scene
  const [{ findServers }, { createKnownServers }, { proposeServer }, { replacementFor }] = await Promise.all([
    import('../client-config/find-servers.ts'),
    import('../client-config/known-servers.ts'),
    import('../client-config/propose-servers.ts'),
    import('../client-config/replacement.ts'),
  ])
  const config = findServers(text)
  const known = createKnownServers(await offeredBy(scene))
  const origin = manage.publicOrigin()
  const surroundings = { known, origin, isOwner: may(principal, 'server.host') }
  const refs = refsFor(config.servers)
  return {
    format: config.format,
    candidates: config.servers.map((found, index) => {
      const ref = refs[index] ?? ''
      const version = Object.hasOwn(versions, ref) ? versions[ref] : undefined
      return { ref, found, proposal: proposeServer(found, { ...surroundings, version }) }
    }),
    replacement: replacementFor(config, `${origin}/ws/${workspace.slug}`),
  }
}

/** What a catalog that is fetched from elsewhere says today is nobody's word here for what a program needs. */
async function offeredBy(scene: WorkspaceScene): Promise<Shelved[]> {
  const view = await catalogFor(scene)
  const shelved = view.entries.flatMap((entry) => view.shelved(aboutEntry(entry).id) ?? [])
  return shelved.filter(({ isFetched }) => !isFetched)
}

/** A name for people and for `choose`. What could move a terminal's cursor is no part of it. */
function refsFor(servers: readonly FoundServer[]): string[] {
  const seen = new Map<string, number>()
  return servers.map(({ name }) => {
    const clean = printable(name).slice(0, MAX_REF - 8) || 'server'
    const count = (seen.get(clean) ?? 0) + 1
    seen.set(clean, count)
    return count === 1 ? clean : `${clean}#${count}`
  })
}

function requireRef(ref: string, refs: readonly string[]): void {
  if (refs.includes(ref)) return
  throw new GatewayError(
    'invalid_request',
    'The text has no server by one of the names in "choose", "rename" or "versions".',
    {
      fix: `It has: ${refs.join(', ').slice(0, 1_000)}.`,
    },
  )
}

/** What the answer says of a server, and what it takes to add it. */
interface Draft {
  item: ImportedServer
  server?: Server
  values: Record<string, string>
}

async function draftServers(
  scene: WorkspaceScene,
  candidates: readonly Candidate[],
  rename: Readonly<Record<string, string>>,
): Promise<Draft[]> {
  const { freeServerName, serverNameFrom } = await import('../client-config/server-name.ts')
  const present = await scene.manage.storage.servers.all(scene.workspace.id)
  const wishes = Object.values(rename)
  const names = new Set(present.map(({ name }) => name))
  const drafts: Draft[] = []
  // Names of hosts are looked up, all at once: the slowest decides.
  const judged = await Promise.all(candidates.map((candidate) => judge(scene, candidate.proposal)))
  for (const [index, candidate] of candidates.entries()) {
    const accepted = judged[index]
    if (accepted === undefined || 'reason' in accepted) {
      drafts.push(withoutServer(candidate, accepted))
      continue
    }
    const usual = serverNameFrom(candidate.found.name) ?? accepted.proposal.nameOtherwise
    const wish = Object.hasOwn(rename, candidate.ref) ? rename[candidate.ref] : undefined
    const twin = wish === undefined ? twinOf(accepted, usual, present, drafts) : undefined
    if (twin !== undefined || (wish !== undefined && names.has(wish))) {
      drafts.push(twin === undefined ? nameTaken(candidate, usual) : alreadyThere(candidate, twin))
      continue
    }
    const name = wish ?? freeServerName(usual, (each) => names.has(each) || wishes.includes(each))
    names.add(name)
    const draft = draftOf(scene, candidate, accepted, name)
    const alike = present.find(({ target }) => isDeepStrictEqual(target, accepted.target))
    if (alike !== undefined) draft.item.warnings.push(`"${alike.name}" leads to the same already.`)
    drafts.push(draft)
  }
  return drafts
}

/** Of those that are here, the one with the same name and target; of the others in the text, one with the same values too. */
function twinOf(
  { target, proposal }: Accepted,
  name: string,
  present: readonly Server[],
  drafts: readonly Draft[],
): string | undefined {
  const isHere = present.some((server) => server.name === name && isDeepStrictEqual(server.target, target))
  if (isHere) return name
  return drafts.find(
    ({ server, values }) =>
      isDeepStrictEqual(server?.target, target) && isDeepStrictEqual(values, proposal.values),
  )?.server?.name
}

function draftOf(scene: WorkspaceScene, candidate: Candidate, accepted: Accepted, name: string): Draft {
  const { target, settings, proposal } = accepted
  const server = newServer(scene, { name, target }, settings)
  return { item: describeOffered(candidate, accepted, name), server, values: proposal.values }
}

function withoutServer(candidate: Candidate, refusal: Refusal | undefined): Draft {
  const { proposal } = candidate
  const why = refusal ?? (proposal.verdict === 'take' ? { reason: 'It cannot be added.' } : proposal)
  const item =
    proposal.verdict === 'skip'
      ? describeSkipped(candidate, { reason: proposal.reason }, false)
      : describeRefused(candidate, why)
  return { item, values: {} }
}

function alreadyThere(candidate: Candidate, name: string): Draft {
  const why = {
    reason: `It is the same as "${name}".`,
    fix: 'To have it twice, for example with another account, give it a name of its own.',
  }
  return { item: describeSkipped(candidate, why, true), values: {} }
}

function nameTaken(candidate: Candidate, name: string): Draft {
  const why = {
    reason: 'There is a server of that name already.',
    fix: `Give it another name than "${name}".`,
  }
  return { item: describeRefused(candidate, why), values: {} }
}

/** The target as any other server's is judged; or why it cannot be here, or not by this person. */
async function judge(scene: WorkspaceScene, proposal: Proposal): Promise<Accepted | Refusal | undefined> {
  if (proposal.verdict !== 'take') return undefined
  const { target, values, enabled, tools } = proposal
  try {
    if (target.kind === 'hosted') {
      const refusal = refuseHosting(scene, proposal)
      if (refusal !== undefined) return refusal
    }
    const input = readInput(serverInput, { name: 'imported', ...asInput(target), enabled, tools })
    if ('catalog' in input || 'serverJson' in input || 'openapi' in input)
      throw new RangeError('An import is none of these.')
    const { prefix, isolation, timeoutMs } = input
    const settings = { enabled, prefix, isolation, timeoutMs, tools }
    if ('package' in input) return { proposal, settings, target: packageTarget(input) }
    if ('command' in input) return { proposal, settings, target: hostedTarget(input) }
    const remote = remoteTarget(input)
    requireHeaderValues(remote, values)
    await scene.manage.guardUrl(remote.url)
    return { proposal, settings, target: remote }
  } catch (error) {
    return refusalOf(error)
  }
}

/** As somebody would have typed it. */
function asInput(target: Taken['target']): Record<string, unknown> {
  const { kind: _, ...said } = target
  if (!('package' in said)) return said
  const { command: _command, ...packaged } = said
  return packaged
}

function refuseHosting({ manage, principal }: WorkspaceScene, { ownerOnly }: Taken): Refusal | undefined {
  if (!manage.hostingAllowed) {
    return {
      reason: 'This installation does not run servers of its own.',
      fix: 'Start mcpgw-server with --hosting auto, or leave this server where it is.',
    }
  }
  if (ownerOnly === undefined || may(principal, 'server.host')) return undefined
  return { reason: ownerOnly, fix: 'Ask an owner to import it.' }
}

/** What we foresaw is told, and quotes no value; anything else is an error of the whole request. */
function refusalOf(error: unknown): Refusal {
  const { code, message, fix } = asGatewayError(error)
  if (code === 'internal') throw error
  return { reason: message, ...(fix !== undefined && { fix }) }
}

/** Adds one server whole or not at all: without its credential it is not there either. */
async function add(scene: WorkspaceScene, { item, server, values }: Draft): Promise<ImportedServer> {
  if (server === undefined) return item
  const { manage, principal, workspace } = scene
  const deed = { workspaceId: workspace.id, server: server.name, thing: server.name }
  try {
    await record(manage, principal, 'server.create', deed, () => store(scene, server, values))
    return { ...item, outcome: 'added', obsolete: true }
  } catch (error) {
    return { ...item, outcome: 'refused', ...refusalOf(error), obsolete: false }
  }
}

async function store(
  { manage }: WorkspaceScene,
  server: Server,
  values: Record<string, string>,
): Promise<void> {
  await manage.storage.servers.create(server)
  if (Object.keys(values).length === 0) return
  try {
    await manage.vault.put(server, values)
  } catch (error) {
    await manage.storage.servers.remove(server.id)
    throw error
  }
}
