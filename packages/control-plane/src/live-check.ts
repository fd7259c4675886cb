import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteBudget } from './model/byte-budget.ts'
import type { Clock, Random } from './model/clock.ts'
import { asGatewayError } from './model/error.ts'
import { DEFAULT_LIMITS } from './model/limits.ts'
import type { PackageRef, Server } from './model/server.ts'
import { openHosting } from './open-hosting.ts'
import { OpenThings } from './open-things.ts'
import type { OperatorEnv } from './operator-env.ts'
import { replyLimits } from './protocol/json.ts'
import { createAddressGuard } from './upstream/address-guard.ts'
import { Upstream } from './upstream/upstream.ts'

/** A package to be tried, with values that are good enough to list tools with. */
export interface LiveEntry {
  id: string
  package: PackageRef
  args: string[]
  env: Record<string, string>
}

/** What came of it. */
export interface LiveResult {
  id: string
  package: string
  version: string | undefined
  /** When it was tried, ISO 8601. */
  checkedAt: string
  outcome: 'listed' | 'failed'
  tools: number
  installMs?: number
  /** From the start of the program to its list, the shortest of all tries. */
  startMs?: number
  /** Why it did not, and what to do about it. */
  reason?: string
  fix?: string
}

export interface LiveCheckOptions {
  /** An empty folder: packages and servers are in there, and gone afterwards. */
  folder: string
  searchPath: string
  operatorEnv: OperatorEnv
  clock: Clock
  random: Random
  /** How often each is started; more than once for those who measure. */
  tries?: number
  /** Called before each start, with the folder in which the package is installed. */
  beforeTry?(entry: LiveEntry, packageFolder: string): Promise<void>
}

/**
 * Installs each package, starts it as a hosted server in the sandbox that servers of this installation have, lists its
 * tools, and removes it again. One after the other, so that none is slower for its neighbour.
 */
export async function* checkLive(
  entries: Iterable<LiveEntry>,
  options: LiveCheckOptions,
): AsyncGenerator<LiveResult, void, undefined> {
  const opened = new OpenThings()
  try {
    const check = await openCheck(options, opened)
    for (const entry of entries) yield await check(entry)
  } finally {
    await opened.close()
  }
}

async function openCheck(options: LiveCheckOptions, opened: OpenThings) {
  const { folder, clock } = options
  const guard = createAddressGuard([], () => undefined)
  const limits = { hostedMemoryMiB: 1_024, hostedProcesses: 512 }
  const hosting = await openHosting(
    { ...options, ...limits, dataDir: folder, otherSecretFiles: [], guard },
    opened,
  )
  const upstreamOptions = {
    ...{ clock, random: options.random, guard, hosting },
    credentials: { peek: () => undefined, load: async () => undefined },
    replies: {
      maxBytes: DEFAULT_LIMITS['reply-bytes'],
      json: replyLimits(DEFAULT_LIMITS),
      large: new ByteBudget(DEFAULT_LIMITS['unread-bytes']),
    },
    maxCalls: 1,
    loadOffer: async () => undefined,
    saveOffer() {},
    loadPlan: async () => undefined,
    loadVerdict: async () => undefined,
    saveVerdict() {},
    hops: () => '',
    admit: async () => {},
    onListing() {},
    onResourceUpdated() {},
  }

  return async (entry: LiveEntry): Promise<LiveResult> => {
    const { package: ref } = entry
    const checkedAt = new Date(clock.now()).toISOString()
    const about = { id: entry.id, package: ref.identifier, version: ref.version, checkedAt }
    try {
      return { ...about, ...(await tryPackage(entry)) }
    } catch (error) {
      const { message, fix } = asGatewayError(error)
      return { ...about, outcome: 'failed', tools: 0, reason: message, ...(fix !== undefined && { fix }) }
    } finally {
      await hosting.npm.remove(ref).catch(() => {})
      await rm(join(folder, 'hosted'), { recursive: true, force: true })
    }
  }

  async function tryPackage(entry: LiveEntry) {
    const began = performance.now()
    const packageFolder = await hosting.npm.folderOf(entry.package)
    const installMs = Math.round(performance.now() - began)
    const starts = []
    for (let tried = 0; tried < (options.tries ?? 1); tried++) {
      await options.beforeTry?.(entry, packageFolder)
      starts.push(await start(serverOf(entry, clock.now())))
    }
    const best = starts.toSorted((one, other) => one.startMs - other.startMs)
    const listed = best.find(({ outcome }) => outcome === 'listed')
    return { installMs, ...(listed ?? starts[0] ?? { outcome: 'failed' as const, tools: 0 }) }
  }

  async function start(server: Server) {
    const began = performance.now()
    const upstream = new Upstream({ ...upstreamOptions, server })
    await upstream.settled
    const startMs = Math.round(performance.now() - began)
    const { status, tools, error } = upstream.health()
    await upstream.close()
    if (status === 'ready') return { outcome: 'listed' as const, tools, startMs }
    const reason = error === undefined ? {} : { reason: error.message, fix: error.fix ?? '' }
    return { outcome: 'failed' as const, tools: 0, startMs, ...reason }
  }
}

function serverOf({ id, package: ref, args, env }: LiveEntry, now: number): Server {
  return {
    id: id.replaceAll(/[^\w.-]/g, '-'),
    workspaceId: 'check',
    name: id,
    target: { kind: 'hosted', command: 'npx', args, env, package: ref },
    enabled: true,
    prefix: 'always',
    isolation: 'shared',
    tools: {},
    timeoutMs: 55_000,
    createdAt: now,
    updatedAt: now,
  }
}
