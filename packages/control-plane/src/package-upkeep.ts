import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PackageRef } from './model/server.ts'
import type { Storage } from './model/stores.ts'
import type { NpmStore } from './upstream/hosted/npm-store.ts'

export interface PackageUpkeep {
  storage: Storage
  npm: NpmStore
  log: Logger
}

const DAY_MS = 24 * 60 * 60_000

/** Removes installed packages that no server is run from any more: now, and then daily until it is disposed. */
export function startPackageUpkeep(upkeep: PackageUpkeep): AsyncDisposable {
  const stop = new AbortController()
  const done = sweepDaily(upkeep, stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done
    },
  }
}

async function sweepDaily({ storage, npm, log }: PackageUpkeep, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const name of await npm.sweep(await usedPackages(storage)))
        log.info(`The npm package ${name} was removed: no server uses it.`)
    } catch (err) {
      log.warn({ err }, 'packages that no server uses are not removed')
    }
    await delay(DAY_MS, undefined, { signal, ref: false }).catch(() => {})
  }
}

/** Of all workspaces, those of servers that are switched off included. */
async function usedPackages({ workspaces, servers }: Storage): Promise<PackageRef[]> {
  const used: PackageRef[] = []
  let cursor: string | undefined
  do {
    const page = await workspaces.list({ limit: 500, ...(cursor !== undefined && { cursor }) })
    for (const { id } of page.items)
      for (const { target } of await servers.all(id))
        if (target.kind === 'hosted' && target.package?.registryType === 'npm') used.push(target.package)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return used
}
