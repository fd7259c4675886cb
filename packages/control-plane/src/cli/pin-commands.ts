import type { Command } from 'commander'
import { z } from 'zod'
import { EXIT } from './command-failed.ts'
import { jsonOption } from './options.ts'
import { formatCell } from './table.ts'
import { type Fields, pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

const flags = z.array(z.object({ kind: z.string(), path: z.string(), found: z.string() }))
const pin = z.object({
  tool: z.string(),
  state: z.string(),
  approvedAt: z.string(),
  approvedBy: z.string(),
  flags,
  pending: z
    .object({
      hash: z.string(),
      since: z.string(),
      changes: z.array(
        z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }),
      ),
      flags,
    })
    .optional(),
})

type Pin = z.output<typeof pin>

export function addPinCommands(server: Command, terminal: Terminal): void {
  server
    .command('pins <workspace> <name>')
    .description("show a server's approved tools, and what has changed in those that wait")
    .option('--changed', 'only those that wait')
    .addOption(jsonOption())
    .action(async (workspace: string, name: string, options: Json & { changed?: boolean }) => {
      const all = await terminal.askAll(pinsPath(workspace, name))
      const items = options.changed ? all.filter(({ state }) => state === 'changed') : all
      terminal.print(options, { items }, readPins(items).map(formatPin).join(''))
    })

  server
    .command('approve <workspace> <name> <tool>')
    .description('approve the changed definition of a tool, by the hash that `server pins` shows')
    .option('--hash <hash>', 'which definition; without it, it is shown and nothing is approved')
    .addOption(jsonOption())
    .action(async (workspace: string, name: string, tool: string, options: Json & { hash?: string }) => {
      const { hash } = options
      if (hash === undefined) return showFirst(terminal, workspace, name, tool)
      const done = await terminal.askFields('POST', `${pinsPath(workspace, name)}/approve`, { tool, hash })
      terminal.print(options, done, `Approved ${formatCell(tool)} of ${name}.\n`)
    })
}

/** Nobody approves what they have not seen. */
async function showFirst(terminal: Terminal, workspace: string, name: string, tool: string): Promise<never> {
  const pins = readPins(await terminal.askAll(pinsPath(workspace, name)))
  const found = pins.find((each) => each.tool === tool)
  if (found?.pending === undefined) terminal.fail(EXIT.failed, `No definition of ${tool} waits for approval.`)
  terminal.note(formatPin(found).trimEnd())
  return terminal.fail(EXIT.wrongUsage, `If it may be used like this, add --hash ${found.pending.hash}`)
}

function readPins(items: Fields[]): Pin[] {
  return z.array(pin).parse(items)
}

function pinsPath(workspace: string, name: string): string {
  return pathOf('workspaces', workspace, 'servers', name, 'pins')
}

function formatPin({ tool, approvedAt, approvedBy, flags: known, pending }: Pin): string {
  const approved = `approved ${formatCell(approvedAt)} by ${formatCell(approvedBy)}`
  if (pending === undefined) return lines([`${formatCell(tool)}: ${approved}`, ...known.map(formatFlag)])
  return lines([
    `${formatCell(tool)}: CHANGED since ${formatCell(pending.since)}; ${approved}`,
    `  hash ${formatCell(pending.hash)}`,
    ...pending.changes.flatMap(formatChange),
    ...pending.flags.map(formatFlag),
  ])
}

type Change = NonNullable<Pin['pending']>['changes'][number]

function formatChange({ path, before, after }: Change): string[] {
  return [
    `  ${visible(path)}`,
    ...(before === undefined ? [] : [`    - ${visible(JSON.stringify(before))}`]),
    ...(after === undefined ? [] : [`    + ${visible(JSON.stringify(after))}`]),
  ]
}

function formatFlag({ kind, path, found }: Pin['flags'][number]): string {
  return `  ! ${formatCell(kind)} in ${visible(path)}: ${visible(JSON.stringify(found))}`
}

/** What cannot be seen is what a reviewer has to see. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}\p{DI}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

function lines(all: string[]): string {
  return all.map((line) => `${line}\n`).join('')
}
