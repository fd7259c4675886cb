import {
  type OAuthTarget,
  PACKAGE_REGISTRIES,
  type PackageRef,
  type RemoteTransport,
} from '../model/server.ts'
import { type AuthKind, aboutEntry, type CatalogEntry, type DeploymentNote } from './catalog-entry.ts'
import { type Need, needName } from './need.ts'
import type {
  ServerArgument,
  ServerInput,
  ServerJson,
  ServerKeyValue,
  ServerPackage,
  ServerRemote,
} from './server-json.ts'
import { type Needed, type Template, templateOf } from './template.ts'

/** A header or variable and its text; left out when it is not required and a value in it is missing. */
export interface NamedTemplate {
  name: string
  text: Template
}

/** How a target is made once the values are there. */
export type Recipe =
  | { kind: 'remote'; url: Template; transport: RemoteTransport; headers: NamedTemplate[] }
  | { kind: 'package'; package: PackageRef; args: Template[]; env: NamedTemplate[] }

/** One way to have a server: a remote address, or a package that is started here. */
export interface Deployment {
  kind: 'remote' | 'npm' | 'pypi' | 'oci'
  transport: RemoteTransport | 'stdio'
  auth: AuthKind
  oauth?: OAuthTarget
  /** Where an operator makes an OAuth client at the vendor's. */
  registerAt?: string
  /** What tells it from the others, such as the region it serves. */
  label?: string
  /** What to know of this way alone. */
  warning?: string
  /** How many there were when they were last listed. */
  tools?: number
  needs: Need[]
  /** Why it cannot be added here, in words for the reader. */
  obstacle?: string
  recipe: Recipe
}

/** The ways to have an entry's server, in order of preference. */
export function deploymentsOf(entry: CatalogEntry): Deployment[] {
  const { deployments, links } = aboutEntry(entry)
  return deployments.map((note) => deploymentOf(entry, note, links.docs ?? links.homepage))
}

/**
 * The ways to have a server that only its own `server.json` describes: remote addresses before packages. Packages of
 * registries that the gateway starts nothing from are left out.
 */
export function deploymentsOfServerJson(server: ServerJson): Deployment[] {
  const remotes = (server.remotes ?? []).map(({ headers = [] }, index) => ({
    remote: index,
    auth: headers.length === 0 ? ('none' as const) : ('header' as const),
  }))
  const packages = (server.packages ?? []).flatMap((part, index) =>
    registryOf(part) === undefined ? [] : { package: index, auth: authOf(part) },
  )
  return [...remotes, ...packages].map((note) =>
    deploymentOf(server, note, server.websiteUrl ?? server.repository?.url),
  )
}

function deploymentOf(server: ServerJson, note: DeploymentNote, link: string | undefined): Deployment {
  const { auth, oauth, label, warning, tools, values = {} } = note
  const list = new NeedList((name) => values[name]?.getItAt ?? link)
  const way = 'remote' in note ? remoteWay(server, note.remote, list) : packageWay(server, note.package, list)
  return {
    ...way,
    auth,
    ...(oauth !== undefined && { oauth: oauthOf(oauth) }),
    ...(oauth?.registerAt !== undefined && { registerAt: oauth.registerAt }),
    ...(label !== undefined && { label }),
    ...(warning !== undefined && { warning }),
    ...(tools !== undefined && { tools }),
    needs: list.all(),
    ...obstacleOf(way.obstacle, list),
  }
}

type Way = Pick<Deployment, 'kind' | 'transport' | 'recipe' | 'obstacle'>

function remoteWay(server: ServerJson, index: number, list: NeedList): Way {
  const remote = partOf(server.remotes, index)
  return {
    kind: 'remote',
    transport: remote.type,
    recipe: { kind: 'remote', transport: remote.type, ...placesOf(remote, list) },
  }
}

function placesOf({ url, variables = {}, headers = [] }: ServerRemote, list: NeedList) {
  return {
    url: templateOf({ value: url, variables, isRequired: true }, '', { kind: 'address' }, list),
    headers: headers.map((header) => namedTemplate(header, 'header', list)),
  }
}

function namedTemplate(input: ServerKeyValue, kind: 'header' | 'variable', list: NeedList): NamedTemplate {
  const { name } = input
  return { name, text: templateOf(input, name, { kind, name }, list) }
}

function packageWay(server: ServerJson, index: number, list: NeedList): Way {
  const part = partOf(server.packages, index)
  const { identifier, version, packageArguments = [], environmentVariables = [] } = part
  const registryType = registryOf(part)
  if (registryType === undefined) throw new RangeError(`Nothing can be started from "${part.registryType}".`)
  return {
    kind: registryType,
    transport: 'stdio',
    ...whyNotStarted(part),
    recipe: {
      kind: 'package',
      package: { registryType, identifier, ...(version !== undefined && { version }) },
      args: packageArguments.map((argument) => argumentTemplate(argument, list)),
      env: environmentVariables.map((variable) => namedTemplate(variable, 'variable', list)),
    },
  }
}

function registryOf({ registryType }: ServerPackage): PackageRef['registryType'] | undefined {
  return PACKAGE_REGISTRIES.find((known) => known === registryType)
}

function authOf({ environmentVariables = [] }: ServerPackage): AuthKind {
  return environmentVariables.some(({ isSecret }) => isSecret) ? 'environment' : 'none'
}

function argumentTemplate(argument: ServerArgument, list: NeedList): Template {
  const place = { kind: 'argument' } as const
  if (argument.type === 'positional')
    return templateOf(argument, argument.valueHint ?? 'ARGUMENT', place, list)
  return [`${argument.name}=`, ...templateOf(argument, argument.name, place, list)]
}

function whyNotStarted({ transport, runtimeArguments = [] }: ServerPackage): Pick<Deployment, 'obstacle'> {
  if (transport.type !== 'stdio')
    return { obstacle: 'This package is a web server: start it yourself, and add it by its URL.' }
  if (!runtimeArguments.some(changesWhatRuns)) return {}
  return { obstacle: 'This package asks for arguments of its runtime, which the gateway does not pass on.' }
}

/** What only says how npx, uvx or docker should start something, which the gateway does in its own way. */
const OF_STARTING = new Set(['-y', '--yes', '-i', '--interactive', '--rm', 'run'])

function changesWhatRuns(argument: ServerArgument): boolean {
  const said = argument.type === 'named' ? argument.name : (argument.value ?? argument.valueHint ?? '')
  return !OF_STARTING.has(said)
}

function obstacleOf(obstacle: string | undefined, list: NeedList): Pick<Deployment, 'obstacle'> {
  if (obstacle !== undefined) return { obstacle }
  const secret = list.all().find((need) => need.isSecret && need.goesInto.kind === 'address')
  if (secret === undefined) return {}
  return {
    obstacle: `${secret.name} would be a part of the address, which is stored and shown in plain text.`,
  }
}

function oauthOf({ client, scopes }: NonNullable<DeploymentNote['oauth']>): OAuthTarget {
  return { client, ...(scopes !== undefined && { scopes }) }
}

function partOf<T>(parts: readonly T[] | undefined, index: number): T {
  const part = parts?.[index]
  if (part === undefined) throw new RangeError(`There is no part number ${index} in this server.json.`)
  return part
}

class NeedList implements Needed {
  readonly #linkOf: (name: string) => string | undefined
  readonly #needs = new Map<string, Need>()

  constructor(linkOf: (name: string) => string | undefined) {
    this.#linkOf = linkOf
  }

  add(name: string, input: ServerInput, goesInto: Need['goesInto']): string {
    const key = needName(name)
    const known = this.#needs.get(key)
    this.#needs.set(key, known === undefined ? this.#needOf(key, input, goesInto) : stricter(known, input))
    return key
  }

  all(): Need[] {
    return [...this.#needs.values()]
  }

  #needOf(name: string, input: ServerInput, goesInto: Need['goesInto']): Need {
    const { isSecret = false, isRequired = false, format = 'string' } = input
    const { description, default: standard, choices, placeholder } = input
    const getItAt = this.#linkOf(name)
    return {
      name,
      isSecret,
      isRequired,
      ...(description !== undefined && { description }),
      format,
      ...(standard !== undefined && { default: standard }),
      ...(choices !== undefined && { choices }),
      ...(placeholder !== undefined && { placeholder }),
      ...(getItAt !== undefined && { getItAt }),
      goesInto,
    }
  }
}

function stricter(need: Need, { isSecret, isRequired }: ServerInput): Need {
  return {
    ...need,
    isSecret: need.isSecret || isSecret === true,
    isRequired: need.isRequired || isRequired === true,
  }
}
