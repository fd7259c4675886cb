import { type Command, Option } from 'commander'
import { z } from 'zod'
import { catalogFile } from './catalog/catalog-entry.ts'
import { type CatalogReport, checkCatalog, type NamedPackage } from './catalog/check-catalog.ts'
import { createCatalogLoader } from './catalog/load-catalog.ts'
import { CATALOG_FOLDER } from './catalog-folder.ts'
import type { CatalogLiveCheck } from './catalog-live-check.ts'
import { CommandFailed, EXIT } from './cli/command-failed.ts'
import { jsonOption } from './cli/options.ts'
import { formatCell, formatJson, formatTable } from './cli/table.ts'
import { askNpmRegistry, type PackageAnswer } from './npm-registry.ts'

interface Io extends Pick<CatalogLiveCheck, 'searchPath' | 'operatorEnv' | 'clock' | 'random'> {
  print(text: string): void
  note(text: string): void
}

interface CheckOptions {
  json?: boolean
  registry?: boolean
  live?: boolean
  only?: string[]
  report?: string
  folder: string
}

/** What was found out, with a part for each kind of check that was asked for. */
interface FullReport extends CatalogReport {
  registry?: { at: string; asked: number; answers: PackageAnswer[] }
}

/** The commands about the catalog's own files. They need no installation, and ask none. */
export function addCatalogCommands(program: Command, io: Io): void {
  const catalog = program.command('catalog').description('look after the list of servers that can be added')

  catalog
    .command('check')
    .description('look for mistakes in every entry; exit code 1 when there are any')
    .option('--registry', 'also ask the npm registry for each package; takes minutes')
    .addOption(
      new Option(
        '--live',
        'instead install every npm package, start it in the sandbox and list its tools; takes long',
      ).conflicts('registry'),
    )
    .option('--only <words...>', 'with --live: ids of entries, or parts of names of packages')
    .option('--report <file>', 'with --live: append a line of JSON for each to this file')
    .option('--folder <folder>', 'check the files in this folder', CATALOG_FOLDER)
    .addOption(jsonOption())
    .action((options: CheckOptions) =>
      options.live === true ? checkLive(options, io) : checkFiles(options, io),
    )

  catalog
    .command('schema')
    .description('print the JSON Schema of its files, for editors')
    .option('--json', 'it is always JSON')
    .action(() => io.print(`${JSON.stringify(z.toJSONSchema(catalogFile, { io: 'input' }), null, 2)}\n`))
}

async function checkFiles(options: CheckOptions, io: Io): Promise<void> {
  const report = await check(options, io)
  io.print(options.json === true ? `${formatJson(report)}\n` : formatReport(report))
  const wrong = report.problems.length + badAnswers(report).length
  if (wrong === 0) return
  io.note(
    wrong === 1 ? 'One thing is wrong with the catalog.' : `${wrong} things are wrong with the catalog.`,
  )
  throw new CommandFailed(EXIT.failed, 'The catalog has mistakes.')
}

async function checkLive({ folder, only = [], report, json }: CheckOptions, io: Io): Promise<void> {
  // It needs what runs hosted servers, and no other command of these does.
  const { checkCatalogLive, describeLiveCheck } = await import('./catalog-live-check.ts')
  const { entries } = await createCatalogLoader(folder)()
  const results = await checkCatalogLive({
    ...io,
    entries,
    only,
    reportFile: report,
    told: ({ id, package: name, outcome, reason = '' }) =>
      io.note(`${id} (${name}): ${outcome} ${formatCell(reason)}`),
  })
  io.print(json === true ? `${formatJson({ items: results })}\n` : describeLiveCheck(results))
  if (results.every(({ outcome }) => outcome === 'listed')) return
  throw new CommandFailed(EXIT.failed, 'Not every package listed its tools.')
}

async function check({ folder, registry }: CheckOptions, io: Io): Promise<FullReport> {
  const { report, packages } = await checkCatalog(folder, new Date(io.clock.now()))
  if (registry !== true) return report
  const answers = await askNpmRegistry(packages.flatMap(ofNpm))
  return {
    ...report,
    registry: { at: new Date(io.clock.now()).toISOString(), asked: answers.length, answers },
  }
}

function ofNpm({ registryType, identifier, version }: NamedPackage) {
  return registryType === 'npm' && version !== undefined ? { identifier, version } : []
}

/** A deprecated package still runs: it is told, and is no mistake. */
function badAnswers({ registry }: FullReport): PackageAnswer[] {
  return (registry?.answers ?? []).filter(({ state }) => state === 'missing' || state === 'unanswered')
}

function formatReport(report: FullReport): string {
  const { entries, deployments, official, notAddable, unpinned, verified } = report
  const rows = [
    ['checked', report.at],
    ['servers', `${entries}, ${official} of them by the makers of the product`],
    ['ways to have them', `${deployments}, ${notAddable} of them cannot be added here`],
    ['by transport', counted(report.transports)],
    ['by authentication', counted(report.auth)],
    ['by status', counted(report.statuses)],
    ['images without a tag', unpinned],
    ['verified', `from ${verified.earliest ?? '-'} to ${verified.latest ?? '-'}`],
    ['mistakes', report.problems.length],
  ]
  return [formatTable(['CATALOG', ''], rows), formatProblems(report), formatAnswers(report)].join('')
}

function counted(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function formatProblems({ problems }: FullReport): string {
  if (problems.length === 0) return ''
  const rows = problems.map(({ file, entry, problem }) => [file, entry, problem])
  return `\n${formatTable(['FILE', 'ENTRY', 'MISTAKE'], rows)}`
}

function formatAnswers({ registry }: FullReport): string {
  if (registry === undefined) return ''
  const rows = registry.answers
    .filter(({ state }) => state !== 'published')
    .map(({ identifier, version, state, said }) => [`${identifier}@${version}`, state, said])
  const heading = `\n${registry.asked} packages were asked for at the npm registry; ${rows.length} are not as they should be.\n`
  return rows.length === 0 ? heading : `${heading}${formatTable(['PACKAGE', 'STATE', 'SAID'], rows)}`
}
