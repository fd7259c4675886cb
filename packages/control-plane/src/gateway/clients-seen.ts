import type { ClientSeen } from '../model/client-seen.ts'
import { MAX_CLIENTS_PER_TOKEN } from '../model/client-seen.ts'
import type { ClientStore } from '../model/stores.ts'
import type { Caller } from './caller.ts'

export interface ClientsSeenOptions {
  store: Pick<ClientStore, 'note' | 'forget'>
  now(): number
  /** Hears why sightings were lost. */
  notSaved(error: unknown): void
}

/** Notes which clients connect, beside the calls: nobody waits for it, and some of it may be lost. */
export interface ClientsSeen extends AsyncDisposable {
  note(caller: Pick<Caller, 'client' | 'era' | 'principal'>, workspaceId: string): void
}

/** A client is written down once in this time, however much it calls. */
const AGAIN_AFTER_MS = 60_000
/** Commits are dear: those seen within this time share one. */
const GATHER_MS = 1_000
const MAX_TOKENS = 10_000
export const FORGET_CLIENTS_AFTER_MS = 90 * 24 * 60 * 60_000
const FORGET_EVERY_MS = 60 * 60_000

/** What was noted of one token since `since`: no more names than are kept, or inventing them would keep us writing. */
interface Noted {
  since: number
  clients: Set<string>
}

export function createClientsSeen({ store, now, notSaved }: ClientsSeenOptions): ClientsSeen {
  const byToken = new Map<string, Noted>()
  let gathered: ClientSeen[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let forgotAt = Number.NEGATIVE_INFINITY

  function isNew(tokenId: string, client: string, at: number): boolean {
    let noted = byToken.get(tokenId)
    if (noted === undefined || at - noted.since >= AGAIN_AFTER_MS) {
      noted = { since: at, clients: new Set() }
      byToken.delete(tokenId)
      // The one that was begun first is over, or nearly.
      if (byToken.size >= MAX_TOKENS) byToken.delete(byToken.keys().next().value ?? '')
      byToken.set(tokenId, noted)
    }
    if (noted.clients.has(client) || noted.clients.size >= MAX_CLIENTS_PER_TOKEN) return false
    noted.clients.add(client)
    return true
  }

  function write(): void {
    timer = undefined
    const seen = gathered
    gathered = []
    writing = save(seen).catch(notSaved)
  }

  async function save(seen: ClientSeen[]): Promise<void> {
    await store.note(seen)
    if (now() - forgotAt < FORGET_EVERY_MS) return
    forgotAt = now()
    await store.forget(forgotAt - FORGET_CLIENTS_AFTER_MS)
  }

  return {
    note({ client, era, principal: { tokenId } }, workspaceId) {
      if (client === undefined) return
      const at = now()
      if (!isNew(tokenId, `${workspaceId} ${era} ${client}`, at)) return
      gathered.push({ workspaceId, tokenId, client, era, firstSeenAt: at, lastSeenAt: at })
      timer ??= setTimeout(write, GATHER_MS).unref()
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer)
      await writing
      if (gathered.length > 0) write()
      await writing
    },
  }
}
