import { fillTemplate, type Template } from '../catalog/template.ts'
import type { HostedTarget, PackageRef } from '../model/server.ts'
import { sealArguments } from './arguments.ts'
import type { ClientEntry } from './client-entry.ts'
import { programName, type Started, splitImage } from './command-line.ts'
import type { CredentialDraft } from './credential-draft.ts'
import { type Known, needNamed, readTemplate, templateNamed } from './known-servers.ts'
import { sealKnown } from './propose-remote.ts'
import type { Proposal, Surroundings } from './propose-servers.ts'
import { namesMachine, resolveReferences } from './references.ts'
import { looksLikePath, sealSecret } from './secret-parts.ts'
import { serverNameFrom } from './server-name.ts'

const RUNTIMES: Record<PackageRef['registryType'], string> = { npm: 'npx', pypi: 'uvx', oci: 'docker' }

/** A server that comes as a package. Without an owner it is what the catalog says, and nothing beside it. */
export function proposePackage(
  started: Extract<Started, { kind: 'package' }>,
  entry: ClientEntry,
  { known, isOwner, version }: Surroundings,
  draft: CredentialDraft,
): Proposal {
  const match = known.byPackage(started.package)
  const pinned = pin(withVersion(started.package, version), match, isOwner)
  if (pinned === undefined) return withoutVersion(started.package)
  const written = started.package.registryType === 'oci' ? started.env : entry.env
  const env = environmentOf(written, match, draft)
  const args = argumentsOf(started.args, match, draft)
  const target: HostedTarget = {
    kind: 'hosted',
    command: RUNTIMES[started.package.registryType],
    args: args.texts,
    env: { ...env.texts, ...variablesWanted(match, env.texts, draft) },
    package: pinned.package,
  }
  const paths = machinePaths(started.args, written)
  return {
    verdict: 'take',
    target,
    ...common(entry, draft),
    warnings: [...entry.warnings, ...pinned.warnings],
    nameOtherwise: match?.id ?? serverNameFrom(started.package.identifier.replace(/^.*\//, '')) ?? 'server',
    ...(match !== undefined && { catalog: match.id }),
    ...onlyForOwner(match, [...env.unknown, ...args.unknown], paths),
    ...(paths && { onlyIfChosen: PATHS }),
  }
}

/** A program of the client's machine. The gateway cannot know whether its own has it. */
export function proposeProgram(
  { command, args }: Extract<Started, { kind: 'program' }>,
  entry: ClientEntry,
  draft: CredentialDraft,
): Proposal {
  const name = programName(command)
  if (SHELLS.test(name)) {
    return {
      verdict: 'refuse',
      reason: 'It starts a shell, and the gateway runs none.',
      fix: 'Leave it where it is, or have an owner add the program itself by command.',
    }
  }
  return {
    verdict: 'take',
    target: {
      kind: 'hosted',
      command,
      args: sealArguments(
        args.map((text) => resolved(text, draft)),
        draft,
      ),
      env: environmentOf(entry.env, undefined, draft).texts,
    },
    ...common(entry, draft),
    warnings: entry.warnings,
    nameOtherwise: serverNameFrom(name) ?? 'server',
    ownerOnly: 'It starts a program that the catalog does not know.',
    onlyIfChosen: 'It starts a program of the machine that the text is from.',
  }
}

const SHELLS = /^(?:(?:ba|z|da|k|c|fi)?sh|pwsh|powershell|cmd|wsl|osascript)$/i

const PATHS = 'It names a file or folder of the machine that the text is from.'

function common({ enabled, tools }: ClientEntry, draft: CredentialDraft) {
  return { enabled, tools, values: draft.values(), missing: draft.missing() }
}

interface Pinned {
  package: PackageRef
  warnings: string[]
}

/** Whoever is no owner runs the catalog's version: another one was looked at by nobody. */
function pin(ref: PackageRef, match: Known | undefined, isOwner: boolean): Pinned | undefined {
  const recipe = match?.deployment.recipe
  const reviewed =
    recipe?.kind === 'package' && versionOf(recipe.package) !== undefined ? recipe.package : undefined
  const said = versionOf(ref)
  if (said !== undefined && (isOwner || reviewed === undefined || versionOf(reviewed) === said))
    return { package: reviewed !== undefined && versionOf(reviewed) === said ? reviewed : ref, warnings: [] }
  if (reviewed === undefined) return undefined
  const instead = `${said === undefined ? 'It names no exact version' : `It names version ${said}`}: the catalog's, ${versionOf(reviewed)}, is used.`
  return { package: reviewed, warnings: [instead] }
}

function versionOf({ registryType, identifier, version }: PackageRef): string | undefined {
  return registryType === 'oci' ? (splitImage(identifier).pin ?? version) : version
}

function withVersion(ref: PackageRef, version: string | undefined): PackageRef {
  if (version === undefined || versionOf(ref) !== undefined) return ref
  if (ref.registryType !== 'oci') return { ...ref, version }
  return { ...ref, identifier: `${splitImage(ref.identifier).name}:${version}` }
}

function withoutVersion({ registryType, identifier }: PackageRef): Proposal {
  const written = {
    npm: `${identifier}@1.2.3`,
    pypi: `${identifier}==1.2.3`,
    oci: `${splitImage(identifier).name}:1.2.3`,
  }[registryType]
  return {
    verdict: 'refuse',
    reason: 'It names no exact version, and another day would bring another program.',
    fix: `Say which version, as in ${written}.`,
    wantsVersion: true,
  }
}

function resolved(text: string, draft: CredentialDraft): string {
  return namesMachine(text) ? text : resolveReferences(text, (wish, standard) => standard ?? draft.ask(wish))
}

/** Texts with their secrets sealed, and the names of those that the catalog does not know. */
interface Sealed<Texts> {
  texts: Texts
  unknown: string[]
}

function environmentOf(
  written: Readonly<Record<string, string>>,
  match: Known | undefined,
  draft: CredentialDraft,
): Sealed<Record<string, string>> {
  const recipe = match?.deployment.recipe
  const unknown: string[] = []
  const texts = Object.entries(written).map(([name, value]) => {
    const template = recipe?.kind === 'package' ? templateNamed(recipe.env, name) : undefined
    if (template === undefined) unknown.push(`"${name}"`)
    return [name, sealKnown({ name, text: resolved(value, draft), template, match }, draft)]
  })
  return { texts: Object.fromEntries(texts), unknown }
}

/** The catalog's arguments come in its order; what is left over, or does not fit, it does not know. */
function argumentsOf(
  written: readonly string[],
  match: Known | undefined,
  draft: CredentialDraft,
): Sealed<string[]> {
  const recipe = match?.deployment.recipe
  const args = written.map((text) => resolved(text, draft))
  const texts: string[] = []
  let at = 0
  for (const template of recipe?.kind === 'package' && match !== undefined ? recipe.args : []) {
    const fitted = match === undefined ? undefined : fitArgument(template, args, at, match, draft)
    if (fitted === undefined) continue
    texts.push(fitted.text)
    at += fitted.words
  }
  const rest = args.slice(at)
  return {
    texts: [...texts, ...sealArguments(rest, draft)],
    unknown: rest.length === 0 ? [] : [rest.length === 1 ? 'an argument' : `${rest.length} arguments`],
  }
}

/** `--key=abc` in the catalog may be `--key abc` in the text. */
function fitArgument(
  template: Template,
  args: readonly string[],
  at: number,
  match: Known,
  draft: CredentialDraft,
) {
  const [word = '', next = ''] = args.slice(at, at + 2)
  const text = fillArgument(template, word, match, draft)
  if (text !== undefined) return { text, words: 1 }
  if (!word.startsWith('--') || next === '' || next.startsWith('-')) return undefined
  const joined = fillArgument(template, `${word}=${next}`, match, draft)
  return joined === undefined ? undefined : { text: joined, words: 2 }
}

function fillArgument(
  template: Template,
  text: string,
  match: Known,
  draft: CredentialDraft,
): string | undefined {
  // A value alone could be taken for an option, and do anything.
  if (text === '' || (typeof template[0] === 'object' && text.startsWith('-'))) return undefined
  const values = readTemplate(template, text)
  if (values === undefined) return undefined
  for (const [name, value] of values) {
    const { choices } = needNamed(match.deployment, name) ?? {}
    if (choices !== undefined && !choices.includes(value)) return undefined
  }
  return fillTemplate(template, (name) => {
    const value = values.get(name) ?? ''
    return needNamed(match.deployment, name)?.isSecret
      ? draft.seal(name, value)
      : sealSecret(name, value, draft)
  })
}

/** Secrets that the catalog says it cannot do without, and that the client had from elsewhere. */
function variablesWanted(
  match: Known | undefined,
  present: Readonly<Record<string, string>>,
  draft: CredentialDraft,
): Record<string, string> {
  const recipe = match?.deployment.recipe
  if (match === undefined || recipe?.kind !== 'package') return {}
  const texts = recipe.env.flatMap(({ name, text }) => {
    if (Object.hasOwn(present, name)) return []
    const filled = fillTemplate(text, (need) => {
      const { isRequired, isSecret } = needNamed(match.deployment, need) ?? {}
      return isRequired && isSecret ? draft.ask(need) : undefined
    })
    return filled?.includes('{{') ? [[name, filled]] : []
  })
  return Object.fromEntries(texts)
}

function machinePaths(args: readonly string[], env: Readonly<Record<string, string>>): boolean {
  const texts = [...args.flatMap((text) => [text, text.replace(/^--?[\w.-]+=/, '')]), ...Object.values(env)]
  return texts.some((text) => looksLikePath(text) || namesMachine(text))
}

function onlyForOwner(
  match: Known | undefined,
  unknown: readonly string[],
  paths: boolean,
): { ownerOnly?: string } {
  if (match === undefined) return { ownerOnly: 'It is no package of the catalog.' }
  if (match.warning !== undefined) return { ownerOnly: match.warning }
  if (unknown.length > 0)
    return { ownerOnly: `The catalog does not know ${unknown.slice(0, 5).join(', ')} of it.` }
  return paths ? { ownerOnly: PATHS } : {}
}
