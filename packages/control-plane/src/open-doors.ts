import type { Server as HttpServer, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { BRIDGE_FOLDER } from './bridge-folder.ts'
import { openControlSocket } from './control-socket.ts'
import { createClientsSeen } from './gateway/clients-seen.ts'
import { createAdminApp } from './http/admin/app.ts'
import { createBridgePackageHandler } from './http/bridge-package/handler.ts'
import { type BadTokens, createBadTokens } from './http/callers/bad-tokens.ts'
import { type ClientAddresses, createClientAddresses } from './http/callers/client-addresses.ts'
import { createDashboardApp } from './http/dashboard/app.ts'
import { createSessionDoor } from './http/dashboard/session-door.ts'
import { createSessionOf } from './http/dashboard/session-of.ts'
import { createFrontServer } from './http/front-server.ts'
import { serveMcp } from './http/mcp/door.ts'
import type { McpDoorContext } from './http/mcp/door-context.ts'
import { LegacySessions } from './http/mcp/legacy-sessions.ts'
import { OpenStreams } from './http/mcp/open-streams.ts'
import { createMetricsApp } from './http/metrics/app.ts'
import { createOAuthApp } from './http/oauth/app.ts'
import { serveOpenAi } from './http/openai/door.ts'
import { createOperationsApp } from './http/operations-app.ts'
import { createPagesApp } from './http/pages/app.ts'
import { watchUnusedConnections } from './http/unused-connections.ts'
import type { WorkspaceDoorContext } from './http/workspace-door/context.ts'
import { SlowReaders } from './http/workspace-door/slow-readers.ts'
import type { Manage } from './manage/context.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { DataPlane } from './open-data-plane.ts'
import { affordableConnections } from './open-files.ts'
import type { Foundations } from './open-foundations.ts'
import { openMetrics } from './open-metrics.ts'
import type { OpenThings } from './open-things.ts'
import { checkJsonLimits, replyLimits, requestLimits } from './protocol/json.ts'
import type { Settings } from './settings.ts'
import { starterServers } from './starter-servers.ts'
import { VERSION } from './version.ts'

const TOO_MANY_CONNECTIONS =
  'Connections are turned away: as many are open as there may be. See --limit connections, and the limit of open files (ulimit -n).'
const DASHBOARD_FOLDER = resolve(import.meta.dirname, '../dashboard/dist')

/** Everything that requests come in by: the front server, closed until somebody lets it listen, and the socket for commands. */
export async function openDoors(
  foundations: Foundations,
  dataPlane: DataPlane,
  manage: Manage,
  opened: OpenThings,
) {
  const { settings, clock, limits, log } = foundations
  const addresses = createClientAddresses(settings)
  const badTokens = createBadTokens(addresses, () => clock.now())
  const workspaceDoor = openWorkspaceDoor(foundations, dataPlane, badTokens, opened)
  const { mcpDoor, endStreams } = openMcpDoor(foundations, workspaceDoor)
  const metrics = openMetrics(foundations, dataPlane, () => mcpDoor.streams.open)
  const { admin, operations } = createPeoplesDoors(foundations, manage, { addresses, badTokens, metrics })
  const openAiDoor = { ...workspaceDoor, replyLimits: replyLimits(limits), large: foundations.large }
  const front = createFrontServer({
    limits: { ...limits, connections: affordableConnections(limits.connections) },
    tooManyConnections: () => log.warn(TOO_MANY_CONNECTIONS),
    hostnames: hostnamesOf(settings),
    bridgePackage: createBridgePackageHandler({
      folder: BRIDGE_FOLDER,
      publicUrl: settings.publicUrl,
      warn: (error) => log.warn({ err: error.cause ?? error }, 'the bridge cannot be handed out'),
    }),
    mcp: (slug, request, response) => void serveMcp(mcpDoor, slug, request, response),
    openAi: (slug, endpoint, request, response) =>
      void serveOpenAi(openAiDoor, slug, endpoint, request, response),
    other: getRequestListener((request, connection) => operations.fetch(request, connection)),
  })
  const unused = watchUnusedConnections(front)
  const control = await openControlSocket(settings.dataDir, admin)
  opened.onClose(() => closeServer(control, 0))
  return {
    admin,
    routes: operations.routes,
    front,
    /** Takes no new requests, lets the running ones finish for at most this long, and ends the streams. */
    async drain(limitMs: number): Promise<void> {
      foundations.state.ready = false
      endStreams()
      const closed = closeServer(front, limitMs)
      unused.close()
      await closed
    },
  }
}

/** All that is no hot path, behind one router. */
function createPeoplesDoors(
  foundations: Foundations,
  manage: Manage,
  beside: { addresses: ClientAddresses; badTokens: BadTokens; metrics: Metrics },
) {
  const { settings, storage, state, authenticator, limits, reportError } = foundations
  const { publicUrl } = settings
  const { addresses, badTokens, metrics } = beside
  const checkJson = (body: Buffer) => checkJsonLimits(body, requestLimits(limits))
  const common = { manage, authenticator, badTokens, reportError, checkJson }
  const sessionOf = createSessionOf(authenticator, publicUrl)
  const admin = createAdminApp({ ...common, version: VERSION })
  const operations = createOperationsApp({ isReady: () => state.ready, ping: () => storage.ping() })
  const dashboard = createDashboardApp({
    folder: foundations.dashboardFolder ?? DASHBOARD_FOLDER,
    publicUrl,
  })
  operations.route(
    '/',
    createMetricsApp({
      ...{ badTokens, reportError },
      admit: foundations.admitToMetrics,
      read: () => metrics.read(),
    }),
  )
  operations.route('/', createSessionDoor({ ...common, publicUrl, starterServers }))
  operations.route('/', admin)
  operations.route('/', createOAuthApp({ manage, publicUrl, addresses, sessionOf, reportError, checkJson }))
  operations.route('/', createPagesApp(settings))
  operations.route('/', dashboard)
  return { admin, operations }
}

/** What the doors of a workspace have in common. */
function openWorkspaceDoor(
  { settings, storage, authenticator, clock, limits, large, log, reportError }: Foundations,
  { workspaces, gateway }: DataPlane,
  badTokens: BadTokens,
  opened: OpenThings,
): WorkspaceDoorContext {
  const clients = createClientsSeen({
    store: storage.clients,
    now: () => clock.now(),
    notSaved: (error) => log.warn({ err: error }, 'which clients connected is not saved'),
  })
  return {
    ...{ workspaces, gateway, authenticator, badTokens, limits, reportError },
    publicUrl: settings.publicUrl,
    requestLimits: requestLimits(limits),
    clients: opened.add(clients),
    readers: new SlowReaders(limits, large),
  }
}

function openMcpDoor({ vault, limits }: Foundations, workspaceDoor: WorkspaceDoorContext) {
  const openStreams = new Map<ServerResponse, () => void>()
  const sessions = new LegacySessions(vault.sealer('session'))
  const mcpDoor: McpDoorContext = {
    ...workspaceDoor,
    sessions,
    streams: new OpenStreams(limits),
    onShutdown(response, end) {
      openStreams.set(response, end)
      response.once('close', () => openStreams.delete(response))
    },
  }
  const endStreams = () => {
    for (const end of openStreams.values()) end()
    sessions.endAll()
  }
  return { mcpDoor, endStreams }
}

function hostnamesOf({ host, publicUrl }: Settings): string[] {
  const own = host.includes(':') ? `[${host}]` : host
  return publicUrl === undefined ? [own] : [own, new URL(publicUrl).hostname]
}

/** Waits for running requests up to a limit, then cuts what is left: keep-alive sockets would hold it open for ever. */
async function closeServer(server: HttpServer, limitMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), limitMs)
  const idle = setInterval(() => server.closeIdleConnections(), 100)
  await closed
  clearTimeout(cut)
  clearInterval(idle)
}
