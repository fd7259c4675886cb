import { requirePermission } from '../access/permissions.ts'
import { aboutEntry } from '../catalog/catalog-entry.ts'
import type { Deployment } from '../catalog/deployment.ts'
import { deploymentsOfServerJson } from '../catalog/deployment.ts'
import { freeName, slugOf } from '../catalog/foreign-entry.ts'
import { planServer } from '../catalog/plan.ts'
import type { ServerJson } from '../catalog/server-json.ts'
import type { Shelved } from '../catalog/shelf.ts'
import { GatewayError } from '../model/error.ts'
import type { ServerOrigin } from '../model/server.ts'
import { catalogFor, requireShelved } from './catalog.ts'
import { describeChecked } from './first-check.ts'
import { requireHosting } from './hosting.ts'
import { newServer } from './new-server.ts'
import { openValues, originOf } from './offered-update.ts'
import type { Scene, WorkspaceScene } from './operation.ts'
import type { ServerAnswer } from './server-answer.ts'
import type { DescribedServerInput } from './server-input.ts'
import { requireUsable } from './upstream-target.ts'

type Values = Readonly<Record<string, string>>

/** What is to be added: a deployment, and what somebody gave for it. */
interface Choice {
  deployment: Deployment
  suggestedName: string
  origin?: (values: Values) => ServerOrigin
}

/**
 * Adds a server that somebody has described: the catalog, or a `server.json`. It is stored together with its
 * credential or not at all, and met before it is answered with.
 */
export async function addDescribed(
  scene: WorkspaceScene,
  input: DescribedServerInput,
): Promise<ServerAnswer> {
  const { manage, principal, deed } = scene
  const choice = 'catalog' in input ? await chooseFromCatalog(scene, input) : chooseDescribed(scene, input)
  const { deployment, origin } = choice
  const { pin, values = {} } = input
  const name = input.name ?? (await freeServerName(scene, choice.suggestedName))
  deed.server = name
  deed.thing = name
  if (pin !== undefined) deed.shownAs = `pin ${pin ?? 'default'}`
  const plan = planServer(
    deployment,
    values,
    input.values === undefined ? mayComeLater(deployment) : undefined,
  )
  requireUsable(plan.target)
  if (plan.target.kind === 'remote') await manage.guardUrl(plan.target.url)
  const made = origin === undefined ? {} : { origin: origin(openValues(deployment, values)) }
  const server = newServer(scene, { name, target: plan.target, ...made }, input)
  await manage.storage.servers.create(server, undefined, await manage.vault.seal(server, plan.credential))
  return describeChecked(manage, principal, server)
}

async function chooseFromCatalog(
  scene: Scene,
  input: Extract<DescribedServerInput, { catalog: string }>,
): Promise<Choice> {
  const shelved = requireShelved(await catalogFor(scene), input.catalog)
  const deployment = chooseDeployment(scene, shelved.deployments, input.deployment)
  requireAddable(scene, shelved, deployment)
  return {
    deployment,
    suggestedName: input.catalog.split('.').at(-1) ?? input.catalog,
    origin: (values) => originOf(shelved, deployment, values),
  }
}

/** A package that no catalog has is a command like any other: for owners. */
function chooseDescribed(
  scene: Scene,
  input: Extract<DescribedServerInput, { serverJson: unknown }>,
): Choice {
  const deployment = chooseDeployment(scene, requireDeployments(input.serverJson), input.deployment)
  if (deployment.kind !== 'remote') requireOwnersHosting(scene)
  return { deployment, suggestedName: slugOf(input.serverJson.name) }
}

/** The ways a `server.json` gives, of which there is at least one; throws `unsupported`. */
export function requireDeployments(server: ServerJson): Deployment[] {
  const deployments = deploymentsOfServerJson(server)
  if (deployments.length > 0) return deployments
  throw new GatewayError(
    'unsupported',
    'This server.json has no remote address and no package of npm, PyPI or an image.',
  )
}

/** The one that is named, or else the first that can be added here. */
function chooseDeployment(
  { manage }: Scene,
  deployments: readonly Deployment[],
  wanted: number | string | undefined,
): Deployment {
  if (wanted !== undefined) {
    const named = deployments.find(({ label }, index) => index === wanted || label === wanted)
    if (named !== undefined) return named
    throw new GatewayError('invalid_request', `There is no deployment ${JSON.stringify(wanted)}.`, {
      fix: `Choose one of: ${deployments.map(({ kind, label }, index) => `${index} (${label ?? kind})`).join(', ')}.`,
    })
  }
  const open = deployments.filter(({ obstacle }) => obstacle === undefined)
  const chosen =
    open.find(({ kind }) => kind === 'remote' || manage.hostingAllowed) ?? open[0] ?? deployments[0]
  if (chosen !== undefined) return chosen
  throw new GatewayError('unsupported', 'There is no way to add this server.')
}

/**
 * Whoever may add servers may add what the catalog runs here, but not what reaches into this machine, nor programs of a
 * catalog that somebody else can change at any time.
 */
export function requireAddable(
  scene: Scene,
  { entry, isFetched }: Shelved,
  { kind, needs }: Deployment,
): void {
  if (kind === 'remote') return
  const opensFiles = needs.some(({ format }) => format === 'filepath')
  if (isFetched || opensFiles || aboutEntry(entry).warning !== undefined) requireOwnersHosting(scene)
  else requireHosting(scene.manage)
}

function requireOwnersHosting({ manage, principal }: Scene): void {
  requirePermission(principal, 'server.host')
  requireHosting(manage)
}

/** Somebody else may hold the key: a server whose secrets alone are missing is added, and waits for them. */
function mayComeLater({ needs }: Deployment): ReadonlySet<string> {
  const required = needs.filter((need) => need.isRequired && need.default === undefined)
  if (required.some(({ isSecret }) => !isSecret)) return new Set()
  return new Set(required.map(({ name }) => name))
}

const MAX_NAME = 32
/** Leaves room for a number. */
const MAX_STEM = 28

async function freeServerName({ manage, workspace }: WorkspaceScene, suggested: string): Promise<string> {
  const taken = new Set((await manage.storage.servers.all(workspace.id)).map(({ name }) => name))
  const stem = suggested.length > MAX_NAME ? suggested.slice(0, MAX_STEM) : suggested
  return freeName(stem.slice(0, taken.has(stem) ? MAX_STEM : MAX_NAME).replace(/-+$/, ''), (name) =>
    taken.has(name),
  )
}
