import { GatewayError } from '../model/error.ts'
import { fitsHeader } from '../model/header-text.ts'
import type { HostedTarget, PackageRef, RemoteTarget } from '../model/server.ts'
import type { Deployment, NamedTemplate, Recipe } from './deployment.ts'
import type { Need } from './need.ts'
import { fillTemplate, showTemplate, type Template } from './template.ts'

export interface ServerPlan {
  /** Literal text for what is no secret, `{{NAME}}` for what is one. */
  target: RemoteTarget | HostedTarget
  /** The secrets, by name: for the vault and nothing else. */
  credential: Record<string, string>
}

/**
 * Turns a deployment and the values somebody gave into a server and its credential. Throws one `invalid_request`
 * that names every value which is missing, unknown or malformed, and never repeats one; `unsupported` for a
 * deployment that cannot be added. Secrets named in `later` need not be given: the vault has them, or will.
 */
export function planServer(
  deployment: Deployment,
  values: Readonly<Record<string, string>>,
  later: ReadonlySet<string> = new Set(),
): ServerPlan {
  const { obstacle, needs, recipe } = deployment
  if (obstacle !== undefined) throw new GatewayError('unsupported', obstacle)
  const secrets = new Set(needs.filter(({ isSecret }) => isSecret).map(({ name }) => name))
  const awaited = new Set([...later].filter((name) => secrets.has(name) && (values[name] ?? '') === ''))
  const given = takeValues(
    needs.filter(({ name }) => !awaited.has(name)),
    withoutNames(values, awaited),
  )
  const lookUp = (name: string) => {
    if (awaited.has(name)) return `{{${name}}}`
    const value = given.get(name)
    return value !== undefined && secrets.has(name) ? `{{${name}}}` : value
  }
  return {
    target:
      recipe.kind === 'remote'
        ? remoteTarget(recipe, deployment, lookUp)
        : hostedTarget(recipe, needs, lookUp),
    credential: Object.fromEntries([...given].filter(([name]) => secrets.has(name))),
  }
}

function withoutNames(values: Readonly<Record<string, string>>, names: ReadonlySet<string>) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)))
}

type LookUp = (name: string) => string | undefined

function remoteTarget(
  { url, transport, headers }: Extract<Recipe, { kind: 'remote' }>,
  { oauth }: Deployment,
  lookUp: LookUp,
): RemoteTarget {
  return {
    kind: 'remote',
    url: requireUrl(url, lookUp),
    transport,
    headers: fillNamed(headers, lookUp),
    ...(oauth !== undefined && { oauth }),
  }
}

const RUNTIMES: Record<PackageRef['registryType'], string> = { npm: 'npx', pypi: 'uvx', oci: 'docker' }

type PackageRecipe = Extract<Recipe, { kind: 'package' }>

function hostedTarget(recipe: PackageRecipe, needs: readonly Need[], lookUp: LookUp): HostedTarget {
  return {
    kind: 'hosted',
    command: RUNTIMES[recipe.package.registryType],
    args: recipe.args.flatMap((argument) => fillTemplate(argument, lookUp) ?? []),
    env: fillNamed(recipe.env, lookUp),
    package: recipe.package,
    opens: openedPaths(recipe, needs, lookUp),
  }
}

/**
 * What its description itself names, and the values that are meant to be paths. Any other value opens nothing, whatever it
 * looks like: who may give it need not be somebody who may open the machine's files.
 */
function openedPaths({ args }: PackageRecipe, needs: readonly Need[], lookUp: LookUp): string[] {
  const fixed = args.filter((argument) => argument.every((piece) => typeof piece === 'string'))
  const paths = needs.filter(({ format, isSecret }) => format === 'filepath' && !isSecret)
  return [...fixed.map(showTemplate), ...paths.flatMap(({ name }) => lookUp(name) ?? [])]
}

function fillNamed(templates: readonly NamedTemplate[], lookUp: LookUp): Record<string, string> {
  const filled = templates.map(({ name, text }) => [name, fillTemplate(text, lookUp)] as const)
  return Object.fromEntries(filled.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])))
}

/** What was given, and defaults for what was not. An empty field of a form was not given. */
function takeValues(needs: readonly Need[], values: Readonly<Record<string, string>>): Map<string, string> {
  const known = new Set(needs.map(({ name }) => name))
  const mistakes: Mistake[] = Object.keys(values)
    .filter((name) => !known.has(name))
    .map((name) => ({ text: `"${name.slice(0, 64)}" is not a value that it takes.` }))
  const taken = new Map<string, string>()
  for (const need of needs) {
    const given = Object.hasOwn(values, need.name) ? values[need.name] : undefined
    const value = given === undefined || given === '' ? need.default : given
    const problem = problemOf(need, value)
    if (problem !== undefined) mistakes.push({ text: `"${need.name}" ${problem}.`, ...whereToGet(need) })
    if (value !== undefined) taken.set(need.name, value)
  }
  if (mistakes.length > 0) throw refusal(mistakes)
  return taken
}

interface Mistake {
  text: string
  fix?: string
}

function whereToGet({ name, getItAt }: Need): Pick<Mistake, 'fix'> {
  return getItAt === undefined ? {} : { fix: `Where to get ${name}: ${getItAt}` }
}

function refusal(mistakes: readonly Mistake[]): GatewayError {
  const fixes = mistakes.flatMap(({ fix }) => fix ?? [])
  return new GatewayError('invalid_request', mistakes.map(({ text }) => text).join(' '), {
    ...(fixes.length > 0 && { fix: fixes.join('\n') }),
  })
}

// As long as a header or an argument of a server may be.
const MAX_LENGTH = 8192

function problemOf(need: Need, value: string | undefined): string | undefined {
  if (value === undefined) return need.isRequired ? 'is required' : undefined
  if (value.length > MAX_LENGTH) return `must be at most ${MAX_LENGTH} characters`
  if (value.includes('\0')) return 'must not hold a NUL character'
  if (need.choices !== undefined && !need.choices.includes(value))
    return `must be one of ${need.choices.map((choice) => `"${choice}"`).join(', ')}`
  // Put into the server's own text, it could ask for a secret that is meant for another place.
  if (!need.isSecret && value.includes('{{')) return 'must not hold "{{"'
  return FORMATS[need.format](value) ?? PLACES[need.goesInto.kind](value)
}

type Check = (value: string) => string | undefined

const FORMATS: Record<Need['format'], Check> = {
  string: () => undefined,
  number: (value) => (/^-?\d+(?:\.\d+)?$/.test(value) ? undefined : 'must be a number'),
  boolean: (value) => (value === 'true' || value === 'false' ? undefined : 'must be "true" or "false"'),
  filepath: (value) => (/^[^\r\n]+$/.test(value) ? undefined : 'must be the path of a file or folder'),
}

const PLACES: Record<Need['goesInto']['kind'], Check> = {
  header: (value) => (fitsHeader(value) ? undefined : 'holds characters that no header can carry'),
  variable: () => undefined,
  argument: () => undefined,
  address: (value) =>
    isOrigin(value) || /^(?!\.{1,2}$)[A-Za-z0-9._~-]+$/.test(value)
      ? undefined
      : 'must be a part of an address: letters, digits, ".", "_", "~" and "-"',
}

/** Where an address begins with a value, the value is an address itself. */
function isOrigin(value: string): boolean {
  return /^https?:\/\/[^\s?#@{}]+$/.test(value) && URL.canParse(value)
}

function requireUrl(template: Template, lookUp: LookUp): string {
  const begins = typeof template[0] === 'object'
  const filled = fillTemplate(template, (name) => lookUp(name)?.replace(/\/+$/, '')) ?? ''
  const values = template
    .slice(begins ? 1 : 0)
    .flatMap((piece) => (typeof piece === 'string' ? [] : piece.need))
  // "https://evil.example" in the middle of an address would lead elsewhere.
  const misplaced = values.find((name) => lookUp(name)?.includes('/'))
  if (misplaced === undefined && URL.canParse(filled) && /^https?:/.test(filled)) return filled
  const names = template.flatMap((piece) => (typeof piece === 'string' ? [] : `"${piece.need}"`))
  throw new GatewayError('invalid_request', `${names.join(' and ')} make no web address.`, {
    fix: 'Give what the vendor shows for your account, such as https://example.com or a name without "/".',
  })
}
