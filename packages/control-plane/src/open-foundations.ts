import { mkdirSync, realpathSync } from 'node:fs'
import type { Logger } from 'pino'
import { createAuthenticator } from './access/authenticator.ts'
import { createMetricsAccess } from './access/metrics-access.ts'
import { createRecorder } from './audit/recorder.ts'
import type { MasterKeyFile } from './master-key-file.ts'
import { ByteBudget } from './model/byte-budget.ts'
import type { Clock, Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import { openHosting } from './open-hosting.ts'
import { OpenThings } from './open-things.ts'
import type { OperatorEnv } from './operator-env.ts'
import { originOf, type Settings } from './settings.ts'
import { createFollower } from './stats/follower.ts'
import { type DataFolderLock, lockDataFolder } from './storage/data-folder-lock.ts'
import { databaseUrlOf, openStorage, sqliteFileOf } from './storage/open-storage.ts'
import { createAddressGuard } from './upstream/address-guard.ts'
import { openVault } from './vault/vault.ts'

export interface AppOptions {
  settings: Settings
  masterKey: Uint8Array
  olderMasterKeys: readonly Uint8Array[]
  /** Where the master key was read from, if that was a file. */
  masterKeyFile: MasterKeyFile | undefined
  /** A well-formed token that opens `/metrics`; absent: only owners read them. */
  metricsToken?: string | undefined
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

export type Foundations = Awaited<ReturnType<typeof openFoundations>>

/** What every room stands on: the database, the vault, the log, who is who, and what may be reached. */
export async function openFoundations(options: AppOptions, opened: OpenThings) {
  const { settings, clock, random, log, masterKeyFile, dashboardFolder } = options
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
  const origin = () => originOf(settings, state.port)
  const guard = createAddressGuard(settings.allowUpstreams, () => ({ origin: origin(), port: state.port }))
  const otherSecretFiles = [...(masterKeyFile?.paths() ?? []), ...databaseFiles(settings)]
  const hosting =
    settings.hosting === 'off'
      ? undefined
      : await openHosting({ ...options, ...settings, otherSecretFiles, guard }, opened)
  return {
    // Not the options whole: they hold the master key.
    ...{ settings, clock, random, log, masterKeyFile, dashboardFolder },
    ...{ storage, vault, upkeep, recorder, reportError, follower, authenticator, guard, hosting },
    limits: settings.limits,
    admitToMetrics: createMetricsAccess(authenticator, options.metricsToken),
    /** The room for replies that nobody has read yet, of all doors together. */
    large: new ByteBudget(settings.limits['unread-bytes']),
    /** Whether requests are taken, and where: port 0 becomes a real one. */
    state,
    /** The address that clients use. */
    origin,
  }
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
