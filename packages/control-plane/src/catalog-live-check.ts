import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { aboutEntry, type CatalogEntry } from './catalog/catalog-entry.ts'
import { type Deployment, deploymentsOf } from './catalog/deployment.ts'
import { dummyValues } from './catalog/dummy-values.ts'
import { planServer } from './catalog/plan.ts'
import { type SamplePath, writeSampleFiles } from './catalog/sample-files.ts'
import { formatTable } from './cli/table.ts'
import { checkLive, type LiveCheckOptions, type LiveEntry, type LiveResult } from './live-check.ts'
import { fillPlaceholders } from './model/placeholder.ts'

export interface CatalogLiveCheck
  extends Pick<LiveCheckOptions, 'searchPath' | 'operatorEnv' | 'clock' | 'random'> {
  entries: readonly CatalogEntry[]
  /** Ids of entries, or parts of names of packages; empty: all. */
  only: readonly string[]
  /** A file that gets a line of JSON for each, as it is known. */
  reportFile: string | undefined
  /** Hears of each as it is known. */
  told(result: LiveResult): void
}

/** Tries every npm package of the catalog as a hosted server of this machine. Resolves with what came of each. */
export async function checkCatalogLive(check: CatalogLiveCheck): Promise<LiveResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpgw-live-check-'))
  const sampleFolder = await mkdtemp(join(tmpdir(), 'mcpgw-live-samples-'))
  const reportFile = check.reportFile === undefined ? undefined : resolve(check.reportFile)
  if (reportFile !== undefined) await mkdir(dirname(reportFile), { recursive: true })
  const results: LiveResult[] = []
  try {
    const samplePath = await writeSampleFiles(sampleFolder)
    for await (const result of checkLive(chosenEntries(check, samplePath), { ...check, folder })) {
      results.push(result)
      check.told(result)
      if (reportFile !== undefined) await appendFile(reportFile, `${JSON.stringify(result)}\n`)
    }
  } finally {
    for (const each of [folder, sampleFolder]) await rm(each, { recursive: true, force: true })
  }
  return results
}

/** A table for people, with how many there are at the end. */
export function describeLiveCheck(results: readonly LiveResult[]): string {
  const rows = results.map(({ id, package: name, version, outcome, tools, installMs, startMs, reason }) => [
    ...[id, `${name} ${version}`, outcome, tools],
    ...[seconds(installMs), startMs === undefined ? undefined : `${startMs} ms`, reason?.slice(0, 120)],
  ])
  const listed = results.filter(({ outcome }) => outcome === 'listed').length
  const table = formatTable(['ENTRY', 'PACKAGE', 'OUTCOME', 'TOOLS', 'INSTALL', 'START', 'REASON'], rows)
  return `${table}${listed} of ${results.length} packages listed their tools.\n`
}

function seconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${(ms / 1_000).toFixed(1)} s`
}

function chosenEntries({ entries, only }: CatalogLiveCheck, samplePath: SamplePath): LiveEntry[] {
  const all = liveEntriesOf(entries, samplePath)
  if (only.length === 0) return all
  return all.filter(({ id, package: { identifier } }) =>
    only.some((word) => id === word || identifier.includes(word)),
  )
}

/** The npm packages of a catalog, each as it is first named, with values that mean nothing. */
export function liveEntriesOf(entries: readonly CatalogEntry[], samplePath: SamplePath): LiveEntry[] {
  const found = entries.flatMap((entry) =>
    deploymentsOf(entry).flatMap((deployment) => liveEntry(aboutEntry(entry).id, deployment, samplePath)),
  )
  const byPackage = new Map(found.toReversed().map((entry) => [keyOf(entry), entry]))
  return found.filter((entry) => byPackage.get(keyOf(entry)) === entry)
}

function keyOf({ package: { identifier, version }, args }: LiveEntry): string {
  return JSON.stringify([identifier, version, args])
}

function liveEntry(id: string, deployment: Deployment, samplePath: SamplePath): LiveEntry[] {
  if (deployment.kind !== 'npm' || deployment.obstacle !== undefined) return []
  const { target, credential } = planServer(deployment, dummyValues(deployment.needs, samplePath))
  if (target.kind !== 'hosted' || target.package === undefined) return []
  const values = new Map(Object.entries(credential))
  const env = Object.entries(target.env).map(([name, text]) => [name, fillPlaceholders(text, values)])
  return [
    {
      id,
      package: target.package,
      args: target.args.map((text) => fillPlaceholders(text, values)),
      env: Object.fromEntries(env),
    },
  ]
}
