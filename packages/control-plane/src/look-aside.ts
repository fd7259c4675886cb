import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from './model/error.ts'
import type { LookAside } from './model/look-aside.ts'
import type { Server } from './model/server.ts'
import { NOBODY } from './upstream/peer.ts'
import type { Upstream } from './upstream/upstream.ts'

export interface LookAsideOptions {
  open(candidate: Server, credentialOf: Server): Upstream
  /** Where a hosted server of that id leaves what it writes; undefined where none are run. */
  folderOf(server: Server): string | undefined
}

// A package may have to be installed first; nobody waits longer for a page.
const LOOK_WITHIN_MS = 120_000

export function createLookAside({ open, folderOf }: LookAsideOptions): LookAside {
  return async (candidate, credentialOf, signal) => {
    const upstream = open(candidate, credentialOf)
    const late = new AbortController()
    const ends = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
    try {
      const { status, error } = await Promise.race([upstream.check(), timeOut(ends, candidate.name)])
      const listing = upstream.listing(NOBODY)
      if (status === 'ready' && listing !== undefined) return listing.tools
      throw new GatewayError(
        'upstream_unavailable',
        error?.message ?? `"${candidate.name}" listed no tools.`,
        {
          ...(error?.fix !== undefined && { fix: error.fix }),
        },
      )
    } finally {
      late.abort()
      await upstream.close()
      const folder = folderOf(candidate)
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    }
  }
}

async function timeOut(ends: AbortSignal, name: string): Promise<never> {
  await delay(LOOK_WITHIN_MS, undefined, { signal: ends, ref: false }).catch(() => {
    throw new GatewayError('cancelled', 'Nobody waits for the answer any more.')
  })
  throw new GatewayError('upstream_timeout', `"${name}" did not list its tools within two minutes.`)
}
