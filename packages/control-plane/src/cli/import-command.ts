import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { z } from 'zod'
import { EXIT } from './command-failed.ts'
import { collect, given, jsonOption } from './options.ts'
import { formatTable } from './table.ts'
import { pathOf, type Terminal } from './terminal.ts'

interface Options {
  json?: boolean
  dryRun?: boolean
  choose?: string[]
  rename?: string[]
  useVersion?: string[]
}

const imported = z.object({
  items: z.array(
    z.object({
      ref: z.string(),
      path: z.array(z.string()),
      outcome: z.enum(['offered', 'added', 'skipped', 'refused']),
      name: z.string().optional(),
      secrets: z.array(z.string()),
      missing: z.array(z.string()),
      warnings: z.array(z.string()),
      reason: z.string().optional(),
      fix: z.string().optional(),
      obsolete: z.boolean(),
    }),
  ),
  replacement: z.object({ path: z.array(z.string()), text: z.string() }),
})

type Imported = z.output<typeof imported>

/** `server import`: a client's configuration, out of its file or from stdin. */
export function addImportCommand(server: Command, terminal: Terminal): void {
  server
    .command('import <workspace> <file>')
    .description(
      "add the servers of an AI client's configuration file (- is stdin); secrets go into the vault",
    )
    .option('--dry-run', 'only say what would be added')
    .option('--choose <server>', 'add this one and no others that are not named (repeatable)', collect)
    .option('--rename <server=name>', 'what to call one of them here (repeatable)', collect)
    .option('--use-version <server=version>', 'the version of one that names none (repeatable)', collect)
    .addOption(jsonOption())
    .action(async (workspace: string, file: string, options: Options) => {
      const { dryRun, choose, rename, useVersion } = options
      const body = given({
        text: await readConfig(terminal, file),
        dryRun,
        choose,
        rename: pairs(terminal, rename, '--rename SERVER=NAME'),
        versions: pairs(terminal, useVersion, '--use-version SERVER=1.2.3'),
      })
      const answer = await terminal.ask('POST', `${pathOf('workspaces', workspace)}/servers/import`, body)
      terminal.print(options, answer, formatImported(imported.parse(answer)))
    })
}

async function readConfig({ io, fail }: Terminal, file: string): Promise<string> {
  if (file === '-') return text(io.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch {
    return fail(EXIT.wrongUsage, `There is no file ${file} that can be read.`)
  }
}

/** At the last "=": a client may call its server anything. */
function pairs(terminal: Terminal, texts: string[] | undefined, usage: string) {
  if (texts === undefined) return undefined
  return Object.fromEntries(
    texts.map((each) => {
      const at = each.lastIndexOf('=')
      if (at < 1) terminal.fail(EXIT.wrongUsage, `Write it as ${usage}.`)
      return [each.slice(0, at), each.slice(at + 1)]
    }),
  )
}

function formatImported({ items, replacement }: Imported): string {
  const rows = items.map(({ ref, outcome, name, secrets, missing, reason, fix, warnings }) => {
    const vault = [...secrets, ...missing.map((each) => `${each} (to be set)`)].join(', ')
    return [
      ref,
      outcome,
      name,
      vault === '' ? undefined : vault,
      [reason, fix, ...warnings].filter(Boolean).join(' '),
    ]
  })
  const table = formatTable(['IN THE FILE', 'OUTCOME', 'SERVER', 'IN THE VAULT', 'NOTES'], rows)
  const obsolete = items.filter((item) => item.obsolete).map(({ path }) => path)
  if (obsolete.length === 0) return table
  const keys = formatTable(
    ['DELETE FROM THE FILE'],
    obsolete.map((path) => [path.join(' > ')]),
  )
  return `${table}\n${keys}\nPut this in their place:\n${replacement.text}\n`
}
