import { z } from 'zod'
import type { Deployment } from '../catalog/deployment.ts'
import type { Need } from '../catalog/need.ts'
import { planServer, type ServerPlan } from '../catalog/plan.ts'
import { fillTemplate } from '../catalog/template.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import { changesBetween } from './definition-changes.ts'
import { need } from './deployment-answer.ts'
import { requireAddable } from './described-server.ts'
import { nothing } from './fields.ts'
import { describeChecked } from './first-check.ts'
import { type OfferedUpdate, offeredUpdate, openValues, originOf } from './offered-update.ts'
import { inWorkspace, type WorkspaceScene } from './operation.ts'
import { serverAnswer } from './server-answer.ts'
import { neededValues } from './server-input.ts'
import { requireServer } from './servers.ts'
import { requireUsable } from './upstream-target.ts'

interface OneServer {
  workspace: string
  server: string
}

const toolChanges = z.strictObject({
  added: z.array(z.strictObject({ tool: z.string(), description: z.string().nullable() })),
  removed: z.array(z.string()),
  changed: z.array(
    z.strictObject({
      tool: z.string(),
      changes: z.array(
        z.strictObject({
          path: z.string(),
          before: z.unknown().exactOptional(),
          after: z.unknown().exactOptional(),
        }),
      ),
    }),
  ),
  unchanged: z.int(),
})

const updateAnswer = z.strictObject({
  from: z.string(),
  to: z.string(),
  /** What it asks for that has no value yet. */
  needs: z.array(need),
  /** Null where they could not be compared, for the reason given. */
  tools: toolChanges.nullable(),
  reason: z.strictObject({ message: z.string(), fix: z.string().exactOptional() }).exactOptional(),
})

type ToolChanges = z.output<typeof toolChanges>

export const showServerUpdate = inWorkspace({
  name: 'server.show-update',
  summary:
    "What the catalog's newer version of a server would change, found by starting it beside the old one",
  action: 'server.write',
  recorded: false,
  input: nothing,
  answer: updateAnswer,
  async run(scene, where: OneServer) {
    const { manage, signal } = scene
    const server = await requireServer(scene, where)
    const update = await requireUpdate(scene, server)
    const { from, to, shelved, deployment } = update
    requireAddable(scene, shelved, deployment)
    const staysPut = isSamePlace(server, deployment, valuesOf(server, deployment, {}))
    const needs = await newNeeds(scene, server, update, staysPut)
    const found = await settleTools(async () => {
      // To look is no reason to send a credential where it has never been.
      if (!staysPut) throw goesElsewhere()
      if (needs.length > 0) throw needsFirst(needs)
      const { target } = await planUpdate(scene, server, update, {})
      const candidate = { ...server, id: manage.newId(), target }
      const [before, after] = await Promise.all([
        manage.inspector.offeredTools(server),
        manage.lookAside(candidate, server, signal),
      ])
      return compareTools(new Map(before.map(({ tool, definition }) => [tool, definition])), after)
    })
    return { from, to, needs, ...found }
  },
})

export const applyServerUpdate = inWorkspace({
  name: 'server.apply-update',
  summary: "Take over the catalog's newer version of a server; its values, credential and settings stay",
  action: 'server.write',
  recorded: true,
  input: z.strictObject({ values: neededValues.exactOptional() }),
  answer: serverAnswer,
  async run(scene, where: OneServer, { values = {} }) {
    const { manage, principal, deed } = scene
    const server = await requireServer(scene, where)
    const update = await requireUpdate(scene, server)
    const { shelved, deployment, from, to } = update
    deed.shownAs = `${from} to ${to}`.slice(0, 200)
    requireAddable(scene, shelved, deployment)
    const { target, credential, staysPut } = await planUpdate(scene, server, update, values)
    const changed: Server = {
      ...server,
      target,
      origin: originOf(shelved, deployment, openValues(deployment, valuesOf(server, deployment, values))),
      updatedAt: manage.clock.now(),
    }
    const sealed = await manage.vault.seal(changed, credential, staysPut ? server : undefined)
    await manage.storage.servers.update(changed, sealed)
    if (sealed === undefined) await manage.vault.remove(changed)
    return describeChecked(manage, principal, changed)
  },
})

async function requireUpdate({ manage }: WorkspaceScene, server: Server): Promise<OfferedUpdate> {
  const update = offeredUpdate(server, await manage.catalogs.read('allowed'))
  if (update !== undefined) return update
  throw new GatewayError('not_found', `The catalog has nothing newer of "${server.name}".`)
}

/** Throws `invalid_request` for values that are missing or wrong, and for an address that may not be reached. */
async function planUpdate(
  { manage }: WorkspaceScene,
  server: Server,
  { deployment }: OfferedUpdate,
  values: Record<string, string>,
): Promise<ServerPlan & { staysPut: boolean }> {
  const all = valuesOf(server, deployment, values)
  const staysPut = isSamePlace(server, deployment, all)
  // A credential is not taken along to another place: it is given again, by somebody who sees where it goes.
  const kept = new Set(staysPut ? (await manage.vault.describe(server))?.names : [])
  const plan = planServer(deployment, all, kept)
  const target = keepNetwork(plan.target, server.target)
  requireUsable(target)
  if (target.kind === 'remote') await manage.guardUrl(target.url)
  return { ...plan, target, staysPut }
}

/** What it was added with and is no secret, and what is given now. */
function valuesOf({ origin }: Server, deployment: Deployment, values: Record<string, string>) {
  return { ...openValues(deployment, origin?.values ?? {}), ...values }
}

/** What the owner has set for this server stays. */
function keepNetwork(target: ServerPlan['target'], before: Server['target']): ServerPlan['target'] {
  if (target.kind !== 'hosted' || before.kind !== 'hosted' || before.network === undefined) return target
  return { ...target, network: before.network }
}

/**
 * Whether whoever gets the credential stays who it was: the same origin, or another version of the same package. An
 * address that lacks a value is none yet, and nothing can be sent there.
 */
function isSamePlace(
  { target }: Server,
  { recipe, needs }: Deployment,
  values: Record<string, string>,
): boolean {
  if (recipe.kind === 'package') {
    const { registryType, identifier } = recipe.package
    const before = target.kind === 'hosted' ? target.package : undefined
    return before?.registryType === registryType && before.identifier === identifier
  }
  const standards = new Map(needs.map((need) => [need.name, need.default]))
  const address = fillTemplate(recipe.url, (name) => values[name] ?? standards.get(name))
  if (address === undefined) return true
  return target.kind === 'remote' && URL.parse(address)?.origin === new URL(target.url).origin
}

/** What is asked for with the update: what is new, and secrets that do not go along. */
async function newNeeds(
  { manage }: WorkspaceScene,
  server: Server,
  { deployment }: OfferedUpdate,
  staysPut: boolean,
): Promise<Need[]> {
  const kept = new Set(staysPut ? (await manage.vault.describe(server))?.names : [])
  const given = server.origin?.values ?? {}
  return deployment.needs.filter(
    ({ name, isRequired, default: standard }) =>
      isRequired && standard === undefined && !kept.has(name) && given[name] === undefined,
  )
}

/** Tools that cannot be compared are no reason against an update: the reader decides, and knows why. */
async function settleTools(
  compare: () => Promise<ToolChanges>,
): Promise<Pick<z.output<typeof updateAnswer>, 'tools' | 'reason'>> {
  try {
    return { tools: await compare() }
  } catch (error) {
    const { code, message, fix } = asGatewayError(error)
    if (code === 'internal') throw error
    return { tools: null, reason: { message, ...(fix !== undefined && { fix }) } }
  }
}

function compareTools(
  before: ReadonlyMap<string, Record<string, unknown>>,
  after: readonly { name: string; [member: string]: unknown }[],
): ToolChanges {
  const now = new Map(after.map((tool) => [tool.name, tool]))
  const both = [...now].flatMap(([tool, definition]) => {
    const old = before.get(tool)
    return old === undefined ? [] : [{ tool, changes: changesBetween(old, definition) }]
  })
  const changed = both.filter(({ changes }) => changes.length > 0)
  return {
    added: after
      .filter(({ name }) => !before.has(name))
      .map(({ name, description }) => ({
        tool: name,
        description: typeof description === 'string' ? description : null,
      })),
    removed: [...before.keys()].filter((tool) => !now.has(tool)),
    changed,
    unchanged: both.length - changed.length,
  }
}

function needsFirst(needs: readonly Need[]): GatewayError {
  const names = needs.map(({ name }) => name).join(', ')
  return new GatewayError('needs_credential', `The new version needs ${names}, so it could not be started.`, {
    fix: 'Give it with the update; its tools are compared with the old ones when it is met.',
  })
}

function goesElsewhere(): GatewayError {
  return new GatewayError(
    'unsupported',
    'The new address is at another host, which has not been given the credential.',
    {
      fix: 'Give the credential again with the update, if you trust the new address.',
    },
  )
}
