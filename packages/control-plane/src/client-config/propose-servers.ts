import type { HostedTarget, RemoteTarget, ToolSelection } from '../model/server.ts'
import { BRIDGES, unwrapBridge } from './bridges.ts'
import { type ClientEntry, readEntry } from './client-entry.ts'
import { programName, readCommandLine, type Started } from './command-line.ts'
import { CredentialDraft } from './credential-draft.ts'
import type { FoundServer } from './find-servers.ts'
import type { KnownServers } from './known-servers.ts'
import { leadsToGateway } from './own-gateway.ts'
import { proposePackage, proposeProgram } from './propose-hosted.ts'
import { proposeRemote } from './propose-remote.ts'

/** What an entry becomes here. */
export interface Taken {
  verdict: 'take'
  /** Literal text for what is no secret, `{{NAME}}` for what is one. */
  target: RemoteTarget | HostedTarget
  /** The secrets, by name: for the vault and nothing else. */
  values: Record<string, string>
  /** Names of values that are not in the text. */
  missing: string[]
  /** What to call it when the entry has no name that can be used. */
  nameOtherwise: string
  enabled: boolean
  tools: ToolSelection
  warnings: string[]
  /** The catalog's id of it. */
  catalog?: string
  /** Why only an owner may take it. */
  ownerOnly?: string
  /** Why it is taken only when somebody chooses it by name. */
  onlyIfChosen?: string
}

export type Proposal =
  | Taken
  | { verdict: 'skip'; reason: string; obsolete: boolean }
  | { verdict: 'refuse'; reason: string; fix: string; wantsVersion?: true }

export interface Surroundings {
  /** Where clients reach this gateway. */
  origin: string
  known: KnownServers
  /** Whether whoever imports is an owner, who may run what the catalog does not know. */
  isOwner: boolean
  /** Of a package whose entry names none, as somebody typed it. */
  version?: string | undefined
}

/** Says what a client's server becomes here. Looks at nothing but the entry and the catalog, and throws nothing. */
export function proposeServer({ entry: unread }: FoundServer, surroundings: Surroundings): Proposal {
  const read = readEntry(unread)
  if ('problem' in read) return { verdict: 'refuse', reason: read.problem, fix: read.fix }
  const { entry } = read
  const gateway = leadsToGateway(entry, surroundings.origin)
  if (gateway !== undefined) return alreadyGateway(gateway)
  if (entry.url !== undefined) return proposeRemote({ ...entry, url: entry.url }, surroundings)
  return proposeCommand(entry, surroundings)
}

function alreadyGateway(where: 'here' | 'elsewhere'): Proposal {
  const reason = where === 'here' ? 'It leads to this gateway already.' : 'It leads to another gateway.'
  return { verdict: 'skip', reason: `${reason} Leave it as it is.`, obsolete: false }
}

function proposeCommand(entry: ClientEntry, surroundings: Surroundings): Proposal {
  const started = readCommandLine(entry.command, entry.env)
  const bridge = bridgeOf(started)
  if (bridge !== undefined && started.kind !== 'unclear') {
    const bridged = unwrapBridge(bridge, started.args)
    if (bridged !== undefined) return proposeBridged(bridge, bridged, entry, surroundings)
  }
  if (started.kind === 'unclear') return { verdict: 'refuse', reason: started.reason, fix: LEAVE_OR_ADD }
  const draft = new CredentialDraft()
  return started.kind === 'package'
    ? proposePackage(started, entry, surroundings, draft)
    : proposeProgram(started, entry, draft)
}

const LEAVE_OR_ADD = 'Leave it where it is, or have an owner add it by hand.'

function bridgeOf(started: Started): (typeof BRIDGES)[number] | undefined {
  if (started.kind === 'unclear') return undefined
  const name = started.kind === 'package' ? started.package.identifier : programName(started.command)
  return BRIDGES.find((bridge) => bridge === name)
}

function proposeBridged(
  bridge: string,
  { url, transport, headers, deny, warnings }: NonNullable<ReturnType<typeof unwrapBridge>>,
  entry: ClientEntry,
  surroundings: Surroundings,
): Proposal {
  const filled = Object.entries(headers).map(
    ([name, text]) => [name, fillVariables(text, entry.env)] as const,
  )
  const denied = [...(entry.tools.deny ?? []), ...deny]
  const remote = {
    ...entry,
    url: fillVariables(url, entry.env),
    transport,
    headers: Object.fromEntries(filled),
    tools: { ...entry.tools, ...(denied.length > 0 && { deny: denied }) },
    warnings: [...entry.warnings, ...warnings],
  }
  const proposal = proposeRemote(remote, surroundings)
  if (proposal.verdict !== 'take' || filled.length > 0) return proposal
  const logIn = `A login that ${bridge} keeps on that machine is not taken along: if the server asks for one, log in to it here.`
  return { ...proposal, warnings: [...proposal.warnings, logIn] }
}

/** Bridges look up `${NAME}` by themselves, in what the entry gives them. */
function fillVariables(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) =>
    Object.hasOwn(env, name) ? (env[name] ?? '') : whole,
  )
}
