import type { Clock } from '../model/clock.ts'
import type { OpenCredential } from '../model/credential.ts'
import type { CredentialOwner } from './credential-owner.ts'

// Plaintext stays in memory no longer than this after it was read; a busy server costs one opening each time.
const KEPT_MS = 30_000

export interface CredentialCache {
  peek(serverId: string): OpenCredential | undefined | 'unknown'
  get(server: CredentialOwner): Promise<OpenCredential | undefined>
  forget(serverId: string): void
  forgetWorkspace(workspaceId: string): void
  forgetAll(): void
}

interface CredentialCacheOptions {
  clock: Clock
  load(server: CredentialOwner): Promise<OpenCredential | undefined>
}

interface Kept {
  workspaceId: string
  credential: OpenCredential | undefined
  readAt: number
}

interface Loading {
  workspaceId: string
  promise: Promise<OpenCredential | undefined>
}

/** Opened credentials for some seconds, each read once however many calls wait for it. */
export function createCredentialCache({ clock, load }: CredentialCacheOptions): CredentialCache {
  const kept = new Map<string, Kept>()
  const loading = new Map<string, Loading>()

  function fresh(serverId: string): Kept | undefined {
    const entry = kept.get(serverId)
    if (entry === undefined) return undefined
    const ageMs = clock.now() - entry.readAt
    if (ageMs >= 0 && ageMs < KEPT_MS) return entry
    kept.delete(serverId)
    return undefined
  }

  function get(server: CredentialOwner): Promise<OpenCredential | undefined> {
    const entry = fresh(server.id)
    if (entry?.workspaceId === server.workspaceId) return Promise.resolve(entry.credential)
    const running = loading.get(server.id)
    if (running?.workspaceId === server.workspaceId) return running.promise
    return begin(server)
  }

  function begin(server: CredentialOwner): Promise<OpenCredential | undefined> {
    const { id, workspaceId } = server
    const started: Loading = { workspaceId, promise: run() }
    loading.set(id, started)
    return started.promise

    async function run(): Promise<OpenCredential | undefined> {
      const readAt = clock.now()
      try {
        const credential = await load(server)
        // Kept only if nothing changed while we read: what we hold may be older than the change.
        if (loading.get(id) === started) keep(id, { workspaceId, credential, readAt })
        return credential
      } finally {
        if (loading.get(id) === started) loading.delete(id)
      }
    }
  }

  function keep(serverId: string, entry: Kept): void {
    kept.set(serverId, entry)
    // Also when nobody asks again: a server gone quiet leaves no plaintext behind.
    const timer = setTimeout(() => {
      if (kept.get(serverId) === entry) kept.delete(serverId)
    }, KEPT_MS)
    timer.unref()
  }

  function forget(serverId: string): void {
    kept.delete(serverId)
    loading.delete(serverId)
  }

  return {
    peek(serverId) {
      const entry = fresh(serverId)
      return entry === undefined ? 'unknown' : entry.credential
    },
    get,
    forget,
    forgetWorkspace(workspaceId) {
      for (const entries of [kept, loading]) {
        for (const [id, entry] of entries) if (entry.workspaceId === workspaceId) forget(id)
      }
    },
    forgetAll() {
      kept.clear()
      loading.clear()
    },
  }
}
