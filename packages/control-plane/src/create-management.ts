import { randomUUID } from 'node:crypto'
import { compileCatalogRules } from './access/catalog-rules.ts'
import { createCatalogLoader } from './catalog/load-catalog.ts'
import { createCatalogShelf } from './catalog/shelf.ts'
import { CATALOG_FOLDER } from './catalog-folder.ts'
import { createClientDocumentFetch } from './client-document-fetch.ts'
import { watchEventLoop } from './event-loop-watch.ts'
import { createCallByHand } from './gateway/call-by-hand.ts'
import { createLookAside } from './look-aside.ts'
import { createAuditFeeds } from './manage/audit-feed.ts'
import type { Manage } from './manage/context.ts'
import { createMasterKeyKeeper } from './master-key-keeper.ts'
import type { HostedTarget } from './model/server.ts'
import type { DataPlane } from './open-data-plane.ts'
import type { Foundations } from './open-foundations.ts'
import { createApiReader } from './openapi/api-reader.ts'
import { replyLimits } from './protocol/json.ts'
import { createRegistryFetch } from './registry-fetch.ts'
import { sqliteFileOf } from './storage/open-storage.ts'
import { VERSION } from './version.ts'

/** Everything that people do, with what it is done with. */
export function createManagement(foundations: Foundations, dataPlane: DataPlane): Manage {
  const { storage, vault, recorder, follower, clock, random, guard, hosting, authenticator } = foundations
  const { workspaces, gateway, oauthClient, openAside } = dataPlane
  const catalogs = createCatalogs(foundations)
  return {
    ...{ storage, vault, recorder, follower, clock, random },
    masterKey: createKeyKeeper(foundations),
    feeds: createAuditFeeds({ audit: storage.audit, bus: storage.bus }),
    catalog: () => catalogs.read('allowed'),
    catalogs,
    lookAside: createLookAside({
      open: openAside,
      folderOf: (server) => hosting?.workingFolder(server),
    }),
    inspector: workspaces.inspector(),
    oauthClient,
    fetchClientDocument: createClientDocumentFetch(guard, replyLimits(foundations.limits)),
    callTool: createCallByHand({ workspaces, gateway, watch: authenticator.watch }),
    system: createSystemReport(foundations),
    newId: randomUUID,
    guardUrl: (url) => guard.checkUrl(url),
    publicOrigin: foundations.origin,
    hostingAllowed: hosting !== undefined,
    sandboxOf: (target) => hosting?.sandboxOf(target),
    readApi: createApiReader(),
  }
}

function createCatalogs({ storage, guard, limits, clock }: Foundations) {
  return createCatalogShelf({
    loadBuiltIn: createCatalogLoader(CATALOG_FOLDER),
    store: storage.catalogs,
    compileRules: compileCatalogRules,
    fetchJson: createRegistryFetch(guard, replyLimits(limits)),
    clock,
  })
}

function createKeyKeeper({ vault, masterKeyFile, settings, random }: Foundations) {
  const isReplicated = sqliteFileOf(settings) === undefined
  return createMasterKeyKeeper({ vault, file: masterKeyFile, isReplicated, random })
}

function createSystemReport({ settings, hosting, clock, upkeep }: Foundations): Manage['system'] {
  const eventLoop = upkeep.add(watchEventLoop())
  const startedAt = clock.now()
  return () => ({
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
  })
}

/** What the sandbox is asked about where no server is meant. */
export const ANY_PROGRAM: HostedTarget = { kind: 'hosted', command: '', args: [], env: {} }

/** A URL may be as good as a password: only where it leads is shown. */
function shownTarget(checkpoints: string | undefined): string | undefined {
  const url = checkpoints === undefined ? null : URL.parse(checkpoints)
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : checkpoints
}
