import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { startCheckpoints } from './audit/checkpointer.ts'
import { startRetention } from './audit/retention.ts'
import { openCheckpointTarget } from './checkpoint-target.ts'
import type { Clock } from './model/clock.ts'
import type { Storage } from './model/stores.ts'
import type { OpenThings } from './open-things.ts'
import type { Settings } from './settings.ts'
import { forgetPruned } from './stats/forget-pruned.ts'
import type { AddressGuard } from './upstream/address-guard.ts'
import type { Vault } from './vault/vault.ts'

export interface LogKeeping {
  settings: Settings
  storage: Storage
  vault: Vault
  guard: AddressGuard
  clock: Clock
  log: Logger
}

/** Begins the checkpoints and the pruning of the log. Rejects with `configuration` when checkpoints have no place. */
export async function tendLog(keeping: LogKeeping, opened: OpenThings): Promise<void> {
  const { settings, storage, vault, guard, clock, log } = keeping
  const { audit: store, stats, logIndex, workspaces, bus } = storage
  const signer = await vault.signer()
  const target = settings.auditCheckpoints
  if (target !== undefined) {
    const checkpointTarget = opened.add(await openCheckpointTarget(target, guard))
    opened.add(
      startCheckpoints({
        store,
        signer,
        clock,
        target: checkpointTarget,
        everyMs: settings.auditCheckpointSeconds * 1_000,
        slugOf: async (id) => (await workspaces.byId(id))?.slug,
        failed: (err) => log.error({ err }, 'a checkpoint of the log could not be delivered'),
        recovered: () => log.info('checkpoints of the log are delivered again'),
      }),
    )
  }
  opened.add(
    startRetention({
      store,
      bus,
      clock,
      signer,
      newId: randomUUID,
      retentionDays: async (id) =>
        (await workspaces.byId(id))?.audit?.retentionDays ?? settings.auditRetentionDays,
      forget: ({ workspaceId, toSeq, toTime }) =>
        forgetPruned(stats, logIndex, workspaceId, { seq: toSeq, time: toTime }),
      reportError: (error) => log.error({ err: error.cause ?? error }, error.message),
    }),
  )
}
