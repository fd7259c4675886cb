import type { Checkpoint, Signer } from '../model/audit-seal.ts'
import type { Clock } from '../model/clock.ts'
import type { AuditStore } from '../model/stores.ts'
import { signCheckpoint } from './checkpoint.ts'

// A target that is down is tried again after 1 s, 2 s, 4 s, … but never more rarely than this.
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 300_000

export interface CheckpointTarget {
  /** Resolves when the checkpoint is safe where it was sent. */
  write(checkpoint: Checkpoint): Promise<void>
}

export interface CheckpointerOptions {
  store: AuditStore
  signer: Signer
  target: CheckpointTarget
  clock: Clock
  everyMs: number
  /** The slug of a workspace, or undefined where it has none. */
  slugOf(workspaceId: string): Promise<string | undefined>
  failed(error: unknown): void
  recovered(): void
}

/**
 * Sends a checkpoint of every log whose head moved: at the start, from time to time, and once more when disposed. One
 * that cannot be sent is not lost: as soon as the target takes it, the log's newest head takes its place.
 */
export function startCheckpoints(options: CheckpointerOptions): AsyncDisposable {
  const { store, signer, target, clock, everyMs, slugOf, failed, recovered } = options
  const sent = new Map<string, number>()
  let failures = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running = round()

  async function round(): Promise<void> {
    try {
      for (const { workspaceId, ...head } of await store.heads()) {
        if (sent.get(workspaceId) === head.seq) continue
        const workspace = { id: workspaceId, slug: (await slugOf(workspaceId)) ?? null }
        await target.write(signCheckpoint(signer, { workspace, head, now: clock.now() }))
        sent.set(workspaceId, head.seq)
      }
      if (failures > 0) recovered()
      failures = 0
    } catch (error) {
      failures += 1
      failed(error)
    }
    if (!stopped) timer = setTimeout(again, pauseMs())
    timer?.unref()
  }

  function again(): void {
    running = round()
  }

  function pauseMs(): number {
    return failures === 0 ? everyMs : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS)
  }

  return {
    async [Symbol.asyncDispose]() {
      stopped = true
      await running
      clearTimeout(timer)
      await round()
    },
  }
}
