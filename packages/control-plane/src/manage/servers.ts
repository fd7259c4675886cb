import { requirePermission } from '../access/permissions.ts'
import { GatewayError } from '../model/error.ts'
import type { HostedTarget, Network, Server } from '../model/server.ts'
import { apiPlace } from './api-place.ts'
import { addDescribed } from './described-server.ts'
import { noAnswer, nothing } from './fields.ts'
import { requireHosting } from './hosting.ts'
import { newServer } from './new-server.ts'
import { type Deed, inWorkspace, type Scene, type WorkspaceScene } from './operation.ts'
import { MAX_PAGE, pageByName, pageOf, pageQuery } from './paging.ts'
import { describeAccess, describeServer, missingAccess, serverAnswer } from './server-answer.ts'
import {
  type HostedServerInput,
  type OpenApiServerInput,
  type PackageServerInput,
  type RemoteServerInput,
  serverChange,
  serverInput,
} from './server-input.ts'
import { hostedTarget, packageTarget, remoteTarget } from './upstream-target.ts'

interface OneServer {
  workspace: string
  server: string
}

export const createServer = inWorkspace({
  name: 'server.create',
  summary:
    'Add a server from the catalog, by URL, from the OpenAPI document of an HTTP API, or by command or package where this installation hosts servers',
  action: 'server.write',
  recorded: true,
  input: serverInput,
  answer: serverAnswer,
  async run(scene, _where, input) {
    const { manage, principal, deed } = scene
    if ('catalog' in input || 'serverJson' in input) return addDescribed(scene, input)
    deed.server = input.name
    deed.thing = input.name
    notePin(deed, input.pin)
    const { target, plan } = await placeOf(scene, input)
    const server = newServer(scene, { name: input.name, target }, input)
    await manage.storage.servers.create(server, plan)
    return describeServer(manage, principal, server)
  },
})

export const listServers = inWorkspace({
  name: 'server.list',
  summary: 'The servers of a workspace, with their health',
  action: 'server.read',
  recorded: false,
  input: pageQuery(MAX_PAGE),
  answer: pageOf(serverAnswer),
  async run({ manage, principal, workspace }, _where, query) {
    const page = pageByName(await manage.storage.servers.all(workspace.id), query)
    const items = await Promise.all(page.items.map((server) => describeServer(manage, principal, server)))
    return { ...page, items }
  },
})

export const showServer = inWorkspace({
  name: 'server.show',
  summary: 'One server, with its health',
  action: 'server.read',
  recorded: false,
  input: nothing,
  answer: serverAnswer,
  async run(scene, where: OneServer) {
    return describeServer(scene.manage, scene.principal, await requireServer(scene, where))
  },
})

export const changeServer = inWorkspace({
  name: 'server.update',
  summary: 'Change how a server is used; its address, headers and command cannot change',
  action: 'server.write',
  recorded: true,
  input: serverChange,
  answer: serverAnswer,
  async run(scene, where: OneServer, { pin, ...change }) {
    const { manage, principal, deed } = scene
    notePin(deed, pin)
    const { pin: pinBefore, ...server } = await requireServer(scene, where)
    const { network, ...rest } = change
    const pinNow = pin === null ? undefined : (pin ?? pinBefore)
    const changed: Server = {
      ...server,
      ...rest,
      target: network === undefined ? server.target : withNetwork(scene, server, network),
      ...(pinNow !== undefined && { pin: pinNow }),
      updatedAt: manage.clock.now(),
    }
    await manage.storage.servers.update(changed)
    return describeServer(manage, principal, changed)
  },
})

export const removeServer = inWorkspace({
  name: 'server.remove',
  summary: 'Remove a server and its credential',
  action: 'server.write',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  async run(scene, where: OneServer) {
    const server = await requireServer(scene, where)
    await scene.manage.storage.servers.remove(server.id)
    return undefined
  },
})

export const checkServer = inWorkspace({
  name: 'server.check',
  summary: 'Connect to a server, list its tools, and say what is wrong and how to mend it',
  action: 'server.check',
  recorded: true,
  input: nothing,
  answer: serverAnswer,
  async run(scene, where: OneServer) {
    const { manage, principal } = scene
    const server = await requireServer(scene, where)
    const missing = missingAccess(server, await describeAccess(manage, server))
    const health = missing ?? (await manage.inspector.check(server))
    return describeServer(manage, principal, server, health)
  },
})

/** For the row in the log: who looks away from changed tools does not do so unseen. */
function notePin(deed: Deed, pin: Server['pin'] | null): void {
  if (pin !== undefined) deed.shownAs = `pin ${pin ?? 'default'}`
}

/** The server a path names, in the scene's own workspace and no other. */
export async function requireServer(
  { manage, workspace }: WorkspaceScene,
  where: { server: string },
): Promise<Server> {
  const server = await manage.storage.servers.byName(workspace.id, where.server)
  if (server !== undefined) return server
  throw new GatewayError('not_found', 'There is no such server in this workspace.')
}

/** Where the server is, and what is kept of an API's description. */
async function placeOf(
  scene: Scene,
  input: RemoteServerInput | HostedServerInput | PackageServerInput | OpenApiServerInput,
): Promise<{ target: Server['target']; plan?: string }> {
  if ('openapi' in input) return apiPlace(scene.manage, input)
  return { target: 'url' in input ? await reachableTarget(scene, input) : allowedCommand(scene, input) }
}

async function reachableTarget({ manage }: Scene, input: RemoteServerInput) {
  const target = remoteTarget(input)
  await manage.guardUrl(target.url)
  return target
}

/** Running a program is running it as us: for owners alone, and only where the operator has not turned it off. */
function allowedCommand({ manage, principal }: Scene, input: HostedServerInput | PackageServerInput) {
  requirePermission(principal, 'server.host')
  requireHosting(manage)
  return 'package' in input ? packageTarget(input) : hostedTarget(input)
}

/** What a program of ours may reach is decided by whoever may run it. */
function withNetwork({ principal }: Scene, { target }: Server, network: Network): HostedTarget {
  if (target.kind !== 'hosted')
    throw new GatewayError('invalid_request', '"network" is for hosted servers only.')
  requirePermission(principal, 'server.host')
  return { ...target, network }
}
