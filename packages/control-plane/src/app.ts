import { randomUUID } from 'node:crypto'
import { mkdirSync, realpathSync } from 'node:fs'
import type { Server as HttpServer, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { createAuthenticator } from './access/authenticator.ts'
import { createRecorder } from './audit/recorder.ts'
import { createCatalogLoader } from './catalog/load-catalog.ts'
import { CATALOG_FOLDER } from './catalog-folder.ts'
import { openControlSocket } from './control-socket.ts'
import { watchEventLoop } from './event-loop-watch.ts'
import { createCallByHand } from './gateway/call-by-hand.ts'
import { CallLimits } from './gateway/call-limits.ts'
import { createClientsSeen } from './gateway/clients-seen.ts'
import { createParkedExchanges } from './gateway/parked-exchanges.ts'
import type { GatewayContext } from './gateway/use-server.ts'
import { Workspaces } from './gateway/workspaces.ts'
import { createAdminApp } from './http/admin/app.ts'
import { createBridgePackageHandler } from './http/bridge-package/handler.ts'
import { createBadTokens } from './http/callers/bad-tokens.ts'
import { createClientAddresses } from './http/callers/client-addresses.ts'
import { createDashboardApp } from './http/dashboard/app.ts'
import { createSessionDoor } from './http/dashboard/session-door.ts'
import { createSessionOf } from './http/dashboard/session-of.ts'
import { createFrontServer, listen } from './http/front-server.ts'
import { serveMcp } from './http/mcp/door.ts'
import type { McpDoorContext } from './http/mcp/door-context.ts'
import { LegacySessions } from './http/mcp/legacy-sessions.ts'
import { OpenStreams } from './http/mcp/open-streams.ts'
import { createOAuthApp } from './http/oauth/app.ts'
import { serveOpenAi } from './http/openai/door.ts'
import type { OpenAiDoorContext } from './http/openai/door-context.ts'
import { createOperationsApp } from './http/operations-app.ts'
import { createPagesApp } from './http/pages/app.ts'
import { watchUnusedConnections } from './http/unused-connections.ts'
import type { WorkspaceDoorContext } from './http/workspace-door/context.ts'
import { SlowReaders } from './http/workspace-door/slow-readers.ts'
import { tendLog } from './log-keeping.ts'
import { logRenewals } from './log-renewals.ts'
import { createAuditFeeds } from './manage/audit-feed.ts'
import type { Manage } from './manage/context.ts'
import type { MasterKeyFile } from './master-key-file.ts'
import { createMasterKeyKeeper } from './master-key-keeper.ts'
import { ByteBudget } from './model/byte-budget.ts'
import type { Clock, Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import type { HostedTarget, Server } from './model/server.ts'
import type { Storage } from './model/stores.ts'
import { createLoginKeeper } from './oauth-client/login-keeper.ts'
import { createOAuthClient } from './oauth-client/oauth-client.ts'
import { affordableConnections } from './open-files.ts'
import { openHosting } from './open-hosting.ts'
import { OpenThings } from './open-things.ts'
import { createApiReader } from './openapi/api-reader.ts'
import type { OperatorEnv } from './operator-env.ts'
import { startPackageUpkeep } from './package-upkeep.ts'
import { checkJsonLimits, replyLimits, requestLimits } from './protocol/json.ts'
import { originOf, type Settings } from './settings.ts'
import { starterServers } from './starter-servers.ts'
import { createFollower } from './stats/follower.ts'
import { type DataFolderLock, lockDataFolder } from './storage/data-folder-lock.ts'
import { databaseUrlOf, openStorage, sqliteFileOf } from './storage/open-storage.ts'
import { createAddressGuard } from './upstream/address-guard.ts'
import { createGuardedFetch } from './upstream/guarded-fetch.ts'
import { Upstream } from './upstream/upstream.ts'
import { createScrubber } from './vault/scrubber.ts'
import { openVault } from './vault/vault.ts'
import { VERSION } from './version.ts'

export interface AppOptions {
  settings: Settings
  masterKey: Uint8Array
  olderMasterKeys: readonly Uint8Array[]
  /** Where the master key was read from, if that was a file. */
  masterKeyFile: MasterKeyFile | undefined
  /** Folders to look for the commands of hosted servers in, in the form of `PATH`. */
  searchPath: string
  /** What programs that fetch packages may know of the operator's environment; absent: nothing. */
  operatorEnv?: OperatorEnv
  /** Where the built dashboard is; absent: where this repository builds it. */
  dashboardFolder?: string
  clock: Clock
  random: Random
  log: Logger
}

/** The rooms, introduced to one another. */
export interface App extends AsyncDisposable {
  manage: Manage
  storage: Storage
  admin: ReturnType<typeof createAdminApp>
  /** Everything that is served beside the MCP door and the bridge's package, in the words of the router. */
  routes: readonly { method: string; path: string }[]
  /** Listens on the host and port of the settings; resolves with the port. */
  listen(): Promise<number>
  /** Begins to count what is logged, and what the log needs from time to time: checkpoints, pruning. Rejects when it cannot. */
  tend(): Promise<void>
  /** Starts the servers of every workspace. */
  warm(): Promise<void>
  /** Takes no new requests, lets the running ones finish for at most this long, and ends the streams. */
  drain(limitMs: number): Promise<void>
}

const TOO_MANY_CONNECTIONS =
  'Connections are turned away: as many are open as there may be. See --limit connections, and the limit of open files (ulimit -n).'
const DASHBOARD_FOLDER = resolve(import.meta.dirname, '../dashboard/dist')
const BRIDGE_FOLDER = resolve(import.meta.dirname, '../../bridge')

/** Opens everything that is kept and wires the rooms. Rejects with `configuration` when something is in the way. */
export async function openApp(options: AppOptions): Promise<App> {
  const opened = new OpenThings()
  try {
    return await wire(options, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function wire(options: AppOptions, opened: OpenThings): Promise<App> {
  const { settings, clock, random, log } = options
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 })
  opened.add(claimDataFolder(settings.dataDir))
  const storage = opened.add(await openStorage({ url: databaseUrlOf(settings), clock }))
  const vault = opened.add(
    await openVault({ ...options, ...storage, keys: storage.keys, credentials: storage.credentials }),
  )
  const upkeep = new OpenThings()
  opened.onClose(() => upkeep.close())
  // Closed before the upkeep, so that its last checkpoint covers the last row.
  const recorder = opened.add(createRecorder({ store: storage.audit }))
  const reportError = (error: GatewayError) => log.error({ err: error.cause ?? error }, error.message)
  const follower = opened.add(createFollower({ ...storage, index: storage.logIndex, clock, reportError }))
  const authenticator = opened.add(createAuthenticator({ tokens: storage.tokens, bus: storage.bus, clock }))
  const state = { ready: false, port: settings.port }
  const guard = createAddressGuard(settings.allowUpstreams, () => ({
    origin: originOf(settings, state.port),
    port: state.port,
  }))
  const hosting =
    settings.hosting === 'off'
      ? undefined
      : await openHosting(
          {
            ...options,
            ...settings,
            otherSecretFiles: [...(options.masterKeyFile?.paths() ?? []), ...databaseFiles(settings)],
            guard,
          },
          opened,
        )

  const { limits } = settings
  const large = new ByteBudget(limits['unread-bytes'])
  const calls = new CallLimits(limits, () => performance.now())

  const oauthClient = createOAuthClient({
    fetch: createGuardedFetch(guard),
    guardUrl: (url) => guard.checkUrl(url),
    publicUrl: () => originOf(settings, state.port),
    clock,
    random,
    newId: randomUUID,
  })
  const logins = createLoginKeeper({
    vault,
    store: storage.serverLogins,
    renew: (login) => oauthClient.renew(login),
    clock,
    newId: randomUUID,
    failed: logRenewals({ recorder, clock, newId: randomUUID, reportError }),
  })

  const notSaved = (error: unknown) => log.warn({ err: error }, 'what was found out of a server is not saved')

  const workspaces = opened.add(
    new Workspaces({
      workspaces: storage.workspaces,
      servers: storage.servers,
      bus: storage.bus,
      pins: { store: storage.pins, recorder, now: () => clock.now(), newId: randomUUID },
      openUpstream: (server, events) =>
        new Upstream({
          server,
          ...events,
          credentials: wantsLogin(server)
            ? logins.source(server)
            : { peek: () => vault.peek(server.id), load: () => vault.credentialFor(server) },
          guard,
          hosting,
          loadPlan: () => storage.servers.plan(server.id),
          loadOffer: () => storage.servers.lastOffer(server.id),
          saveOffer: (offer) => void storage.servers.saveLastOffer(server.id, offer).catch(notSaved),
          loadVerdict: () => storage.servers.verdict(server.id),
          saveVerdict: (verdict) => void storage.servers.saveVerdict(verdict).catch(notSaved),
          clock,
          random,
          replies: { maxBytes: limits['reply-bytes'], json: replyLimits(limits), large },
          maxCalls: limits['calls-per-server'],
        }),
    }),
  )

  const gateway: GatewayContext = {
    recorder,
    async scrubbers(servers) {
      const credentials = await Promise.all(servers.map((server) => vault.credentialFor(server)))
      return credentials.flatMap((credential) => credential?.scrubber ?? [])
    },
    createScrubber,
    newId: randomUUID,
    now: () => clock.now(),
    sealer: vault.sealer('request-state'),
    parked: createParkedExchanges(calls),
    calls,
    reportError,
  }

  const eventLoop = upkeep.add(watchEventLoop())
  const startedAt = clock.now()

  const manage: Manage = {
    storage,
    vault,
    masterKey: createMasterKeyKeeper({
      vault,
      file: options.masterKeyFile,
      isReplicated: sqliteFileOf(settings) === undefined,
      random,
    }),
    recorder,
    feeds: createAuditFeeds({ audit: storage.audit, bus: storage.bus }),
    follower,
    catalog: createCatalogLoader(CATALOG_FOLDER),
    inspector: workspaces.inspector(),
    oauthClient,
    callTool: createCallByHand({ workspaces, gateway, watch: authenticator.watch }),
    system: () => ({
      version: VERSION,
      startedAt,
      node: process.version,
      sandbox: hosting?.sandboxOf(ANY_PROGRAM),
      eventLoopMs: eventLoop.delaysMs(),
      memoryBytes: process.memoryUsage.rss(),
      log: {
        checkpoints: shownTarget(settings.auditCheckpoints),
        retentionDays: settings.auditRetentionDays,
      },
    }),
    clock,
    random,
    newId: randomUUID,
    guardUrl: (url) => guard.checkUrl(url),
    publicOrigin: () => originOf(settings, state.port),
    hostingAllowed: hosting !== undefined,
    sandboxOf: (target) => hosting?.sandboxOf(target),
    readApi: createApiReader(),
  }
  const addresses = createClientAddresses(settings)
  const sessionOf = createSessionOf(authenticator, settings.publicUrl)
  const badTokens = createBadTokens(addresses, () => clock.now())
  const checkJson = (body: Buffer) => checkJsonLimits(body, requestLimits(limits))
  const admin = createAdminApp({ manage, authenticator, badTokens, version: VERSION, reportError, checkJson })
  const openStreams = new Map<ServerResponse, () => void>()
  const sessions = new LegacySessions(vault.sealer('session'))
  const door: WorkspaceDoorContext = {
    workspaces,
    gateway,
    authenticator,
    badTokens,
    limits,
    requestLimits: requestLimits(limits),
    clients: opened.add(
      createClientsSeen({
        store: storage.clients,
        now: () => clock.now(),
        notSaved: (error) => log.warn({ err: error }, 'which clients connected is not saved'),
      }),
    ),
    readers: new SlowReaders(limits, large),
    reportError,
  }
  const mcpDoor: McpDoorContext = {
    ...door,
    sessions,
    streams: new OpenStreams(limits),
    onShutdown(response, end) {
      openStreams.set(response, end)
      response.once('close', () => openStreams.delete(response))
    },
  }
  const openAiDoor: OpenAiDoorContext = { ...door, replyLimits: replyLimits(limits), large }

  const operations = createOperationsApp({ isReady: () => state.ready, ping: () => storage.ping() })
  operations.route(
    '/',
    createSessionDoor({
      manage,
      authenticator,
      badTokens,
      publicUrl: settings.publicUrl,
      starterServers,
      checkJson,
      reportError,
    }),
  )
  operations.route('/', admin)
  operations.route(
    '/',
    createOAuthApp({ manage, publicUrl: settings.publicUrl, addresses, sessionOf, reportError }),
  )
  operations.route('/', createPagesApp(settings))
  operations.route(
    '/',
    createDashboardApp({
      folder: options.dashboardFolder ?? DASHBOARD_FOLDER,
      publicUrl: settings.publicUrl,
    }),
  )
  const bridgePackage = createBridgePackageHandler({
    folder: BRIDGE_FOLDER,
    publicUrl: settings.publicUrl,
    warn: (error) => log.warn({ err: error.cause ?? error }, 'the bridge cannot be handed out'),
  })
  const front = createFrontServer({
    limits: { ...limits, connections: affordableConnections(limits.connections) },
    tooManyConnections: () => log.warn(TOO_MANY_CONNECTIONS),
    hostnames: hostnamesOf(settings),
    bridgePackage,
    mcp: (slug, request, response) => void serveMcp(mcpDoor, slug, request, response),
    openAi: (slug, endpoint, request, response) =>
      void serveOpenAi(openAiDoor, slug, endpoint, request, response),
    other: getRequestListener((request, connection) => operations.fetch(request, connection)),
  })
  const unused = watchUnusedConnections(front)
  const control = await openControlSocket(settings.dataDir, admin)
  opened.onClose(() => closeServer(control, 0))

  async function drain(limitMs: number): Promise<void> {
    state.ready = false
    for (const end of openStreams.values()) end()
    sessions.endAll()
    const closed = closeServer(front, limitMs)
    unused.close()
    await closed
  }

  return {
    manage,
    storage,
    admin,
    routes: operations.routes,
    async listen() {
      state.port = await listen(front, settings.host, settings.port)
      state.ready = true
      return state.port
    },
    async tend() {
      follower.start()
      await tendLog({ settings, storage, vault, guard, clock, log }, upkeep)
      if (hosting !== undefined) upkeep.add(startPackageUpkeep({ storage, npm: hosting.npm, log }))
    },
    async warm() {
      const sandbox = hosting?.sandboxOf(ANY_PROGRAM)
      if (sandbox?.kind === 'none') log.warn(`Hosted servers run without a sandbox. ${sandbox.reason}`)
      await workspaces.warm()
    },
    drain,
    async [Symbol.asyncDispose]() {
      if (front.listening) await drain(0)
      await opened.close()
    },
  }
}

function wantsLogin({ target }: Server): boolean {
  return target.kind === 'remote' && target.oauth !== undefined
}

const ANY_PROGRAM: HostedTarget = { kind: 'hosted', command: '', args: [], env: {} }

/** A URL may be as good as a password: only where it leads is shown. */
function shownTarget(checkpoints: string | undefined): string | undefined {
  const url = checkpoints === undefined ? null : URL.parse(checkpoints)
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : checkpoints
}

function claimDataFolder(dataDir: string): DataFolderLock {
  const lock = lockDataFolder(dataDir)
  if (lock !== undefined) return lock
  throw new GatewayError('configuration', `Another control plane is running on the data folder ${dataDir}.`, {
    fix: 'Stop it first, or give this one a folder of its own with --data-dir.',
  })
}

/** With SQLite; they may be elsewhere than in the data folder. */
function databaseFiles(settings: Settings): string[] {
  const file = sqliteFileOf(settings)
  return file === undefined ? [] : ['', '-wal', '-shm'].map((end) => realpathSync(file) + end)
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
