import {
  AUTH_KINDS,
  type AuthKind,
  aboutEntry,
  CATEGORIES,
  type CatalogEntry,
  type DeploymentNote,
  STATUSES,
} from './catalog-entry.ts'
import { type CatalogFile, readCatalogFiles } from './catalog-files.ts'
import { type Deployment, deploymentsOf } from './deployment.ts'

/** Something that is wrong with an entry, or with a whole file. */
export interface CatalogProblem {
  file: string
  /** The entry's id. */
  entry?: string
  problem: string
}

export interface CatalogReport {
  /** When it was checked. */
  at: string
  entries: number
  problems: CatalogProblem[]
  /** By the first way to have each server. */
  transports: Record<string, number>
  auth: Record<string, number>
  categories: Record<string, number>
  statuses: Record<string, number>
  official: number
  /** Every way to have them. */
  deployments: number
  /** Ways that the product knows of but cannot add. */
  notAddable: number
  /** Images without a tag or digest: what they are may change. */
  unpinned: number
  /** The earliest and the latest day on which something was verified. */
  verified: { earliest: string | null; latest: string | null }
}

/** A package that an entry names, for whoever asks its registry. */
export interface NamedPackage {
  entry: string
  registryType: 'npm' | 'pypi' | 'oci'
  identifier: string
  version?: string
}

/** Looks at every file of a catalog without asking anybody outside, and names the packages that others can be asked about. */
export async function checkCatalog(
  folder: string,
  now: Date,
): Promise<{ report: CatalogReport; packages: NamedPackage[] }> {
  const files = await readCatalogFiles(folder)
  const checked = files.flatMap((file) => file.entries.map((entry) => lookAt(file.name, entry)))
  const problems = [
    ...files.flatMap(({ name, mistakes }) => mistakes.map((problem) => ({ file: name, problem }))),
    ...files.flatMap(orderProblems),
    ...checked.flatMap((each) => entryProblems(each, now)),
    ...duplicates(checked),
    ...danglingReplacements(checked),
  ]
  return { report: reportOf(checked, problems, now), packages: checked.flatMap(packagesOf) }
}

/** An entry whose parts are there, with its file. */
interface Checked {
  file: string
  entry: CatalogEntry
  /** Undefined when a deployment refers to a part that is not there. */
  deployments: Deployment[] | undefined
}

function lookAt(file: string, entry: CatalogEntry): Checked {
  const complete = aboutEntry(entry).deployments.every((note) => partOf(entry, note) !== undefined)
  return { file, entry, deployments: complete ? deploymentsOf(entry) : undefined }
}

function partOf(entry: CatalogEntry, note: DeploymentNote): unknown {
  return 'remote' in note ? entry.remotes?.[note.remote] : entry.packages?.[note.package]
}

function entryProblems({ file, entry, deployments }: Checked, now: Date): CatalogProblem[] {
  const about = aboutEntry(entry)
  const today = now.toISOString().slice(0, 10)
  const problems = [
    ...(file === `${about.category}.json`
      ? []
      : [`It is in ${file}, and its category is ${about.category}.`]),
    ...about.verified
      .filter(({ at }) => at > today)
      .map(({ at }) => `It was verified on ${at}, which is to come.`),
    ...unusedParts(entry),
    ...(entry.packages ?? []).flatMap(({ registryType, identifier, version }) =>
      registryType !== 'oci' && version === undefined ? [`The package ${identifier} has no version.`] : [],
    ),
    ...(deployments === undefined
      ? ['A deployment refers to a part that is not there.']
      : deployments.flatMap((deployment, at) => deploymentProblems(deployment, about.deployments[at]))),
    ...(about.warning === undefined && deployments?.some(opensFiles)
      ? ["It opens files of the gateway's machine, and has no warning that says so."]
      : []),
  ]
  return problems.map((problem) => ({ file, entry: about.id, problem }))
}

function opensFiles({ kind, needs }: Deployment): boolean {
  return kind !== 'remote' && needs.some(({ format }) => format === 'filepath')
}

function unusedParts(entry: CatalogEntry): string[] {
  const notes = aboutEntry(entry).deployments
  const remotes = (entry.remotes ?? []).flatMap(({ url }, index) =>
    notes.some((note) => 'remote' in note && note.remote === index) ? [] : url,
  )
  const packages = (entry.packages ?? []).flatMap(({ identifier }, index) =>
    notes.some((note) => 'package' in note && note.package === index) ? [] : identifier,
  )
  return [...remotes, ...packages].map((part) => `No deployment refers to ${part}.`)
}

function deploymentProblems(deployment: Deployment, note: DeploymentNote | undefined): string[] {
  const { auth, needs, recipe } = deployment
  const named = Object.keys(note?.values ?? {})
  const names = new Set(needs.map(({ name }) => name))
  const starts = recipe.kind === 'remote' ? recipe.url[0] : undefined
  return [
    ...named.filter((name) => !names.has(name)).map((name) => `Nothing needs the value ${name}.`),
    ...needs.filter(({ getItAt }) => getItAt === undefined).map(({ name }) => `${name} has no link.`),
    ...needs
      .filter(({ isSecret, name }) => isSecret && !named.includes(name))
      .map(({ name }) => `${name} is secret and has no link of its own.`),
    ...(typeof starts === 'string' && !starts.startsWith('https://')
      ? [`${starts} is no https address.`]
      : []),
    ...(authOf(deployment) === auth
      ? []
      : [`Its auth is ${auth}, and it needs what ${authOf(deployment)} does.`]),
  ]
}

/** What a deployment's needs say about its authentication; a login needs nothing that a form could ask for. */
function authOf({ oauth, needs, recipe }: Deployment): AuthKind {
  if (oauth !== undefined) return 'oauth'
  const secrets = needs.filter(({ isSecret }) => isSecret)
  if (secrets.length === 0) return 'none'
  if (secrets.some(({ goesInto }) => goesInto.kind === 'address')) return 'url'
  return recipe.kind === 'remote' ? 'header' : 'environment'
}

/** In order, so that two who add entries do not both add them at the end. */
function orderProblems({ name, entries }: CatalogFile): CatalogProblem[] {
  const ids = entries.map((entry) => aboutEntry(entry).id)
  const late = ids.find((id, at) => at > 0 && id < (ids[at - 1] ?? ''))
  return late === undefined
    ? []
    : [{ file: name, entry: late, problem: 'The entries are not in order of their ids.' }]
}

function duplicates(checked: readonly Checked[]): CatalogProblem[] {
  const seen = new Map<string, string>()
  return checked.flatMap(({ file, entry }) => {
    const { id } = aboutEntry(entry)
    const twice = [...new Set(signsOf(entry))].filter((sign) => seen.has(sign))
    for (const sign of signsOf(entry)) if (!seen.has(sign)) seen.set(sign, id)
    return twice.map((sign) => ({
      file,
      entry: id,
      problem: `The ${sign} is that of ${seen.get(sign)} too.`,
    }))
  })
}

/** What no two entries have in common. */
function signsOf(entry: CatalogEntry): string[] {
  return [
    `id ${aboutEntry(entry).id}`,
    `name ${entry.name.toLowerCase()}`,
    `title ${entry.title.toLowerCase()}`,
    ...(entry.remotes ?? []).map(({ url }) => `address ${url.toLowerCase().replace(/\/$/, '')}`),
    ...(entry.packages ?? []).map(({ registryType, identifier }) => `package ${registryType} ${identifier}`),
  ]
}

function danglingReplacements(checked: readonly Checked[]): CatalogProblem[] {
  const ids = new Set(checked.map(({ entry }) => aboutEntry(entry).id))
  return checked.flatMap(({ file, entry }) => {
    const { id, replacedBy } = aboutEntry(entry)
    if (replacedBy === undefined || ids.has(replacedBy)) return []
    return [{ file, entry: id, problem: `It is replaced by ${replacedBy}, which is not there.` }]
  })
}

function reportOf(checked: readonly Checked[], problems: CatalogProblem[], now: Date): CatalogReport {
  const abouts = checked.map(({ entry }) => aboutEntry(entry))
  const ways = checked.map(({ deployments }) => deployments ?? [])
  const first = ways.flatMap(([way]) => way ?? [])
  const dates = abouts.flatMap(({ verified }) => verified.map(({ at }) => at)).sort()
  return {
    at: now.toISOString(),
    entries: checked.length,
    problems,
    transports: count(
      ['remote', 'npm', 'pypi', 'oci'],
      first.map(({ kind }) => kind),
    ),
    auth: count(
      AUTH_KINDS,
      first.map(({ auth }) => auth),
    ),
    categories: count(
      CATEGORIES,
      abouts.map(({ category }) => category),
    ),
    statuses: count(
      STATUSES,
      abouts.map(({ status }) => status),
    ),
    official: abouts.filter(({ isOfficial }) => isOfficial).length,
    deployments: ways.flat().length,
    notAddable: ways.flat().filter(({ obstacle }) => obstacle !== undefined).length,
    unpinned: ways.flat().filter(isUnpinned).length,
    verified: { earliest: dates[0] ?? null, latest: dates.at(-1) ?? null },
  }
}

function isUnpinned({ recipe }: Deployment): boolean {
  if (recipe.kind !== 'package' || recipe.package.registryType !== 'oci') return false
  return recipe.package.version === undefined && !/@sha256:|:[^/]+$/.test(recipe.package.identifier)
}

function count(all: readonly string[], found: readonly string[]): Record<string, number> {
  return Object.fromEntries(all.map((each) => [each, found.filter((one) => one === each).length]))
}

function packagesOf({ entry, deployments = [] }: Checked): NamedPackage[] {
  return deployments.flatMap(({ recipe }) =>
    recipe.kind === 'package' ? [{ entry: aboutEntry(entry).id, ...recipe.package }] : [],
  )
}
