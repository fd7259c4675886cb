import type { Command } from 'commander'
import { argumentsOf, argumentWords, exampleCall, typeWords } from '../calls/argument-schema.ts'
import {
  descriptionOf,
  fetchTools,
  marksOf,
  requireTool,
  type WorkspaceTool,
} from '../calls/workspace-tools.ts'
import { createAccess } from '../credentials/access.ts'
import type { Console } from '../terminal/console.ts'
import { table } from '../terminal/table.ts'
import type { CommandContext } from './context.ts'

interface ToolsOptions {
  workspace?: string
  server?: string
  search?: string
}

export function addTools(program: Command, context: CommandContext): void {
  program
    .command('tools')
    .description('list the tools of the workspace, or show one of them')
    .argument('[name]', 'tool to show, with its arguments')
    .option('--server <name>', 'only the tools of this server')
    .option('--search <text>', 'only tools with these words in name or description')
    .option('--workspace <url>', 'workspace to use instead of the default one')
    .option('--json', 'print the result as JSON')
    .action((name: string | undefined, options: ToolsOptions) => tools(name, options, context))
}

async function tools(
  name: string | undefined,
  { workspace, server, search }: ToolsOptions,
  { settings, console }: CommandContext,
): Promise<void> {
  const access = createAccess(settings, workspace)
  try {
    const all = await console.during('Asking for the tools', fetchTools(access))
    if (name !== undefined) return showOne(requireTool(all, name), console)
    const found = all.filter((tool) => isOf(server, tool) && holds(search, tool))
    if (found.length === 0) console.say(explainNone(all, server))
    showList(found, console)
  } finally {
    await access.close()
  }
}

function isOf(server: string | undefined, tool: WorkspaceTool): boolean {
  return server === undefined || tool.server === server
}

function holds(search: string | undefined, tool: WorkspaceTool): boolean {
  const text = `${tool.name} ${descriptionOf(tool)}`.toLowerCase()
  const words = (search ?? '').toLowerCase().split(/\s+/)
  return words.every((word) => text.includes(word))
}

function explainNone(all: readonly WorkspaceTool[], server: string | undefined): string {
  if (all.length === 0) return 'This token sees no tools. Add a server, or ask for a token that may use some.'
  const servers = [...new Set(all.map((tool) => tool.server))]
  if (server !== undefined && !servers.includes(server)) {
    return `No tools of a server "${server}". There is: ${servers.join(', ')}.`
  }
  return `None of ${all.length} tools is like that.`
}

function showList(found: readonly WorkspaceTool[], console: Console): void {
  const rows = found.map((tool) => [
    tool.name,
    serverCell(tool, console.columns),
    marksOf(tool),
    firstLine(descriptionOf(tool)),
  ])
  console.result({ items: found }, table(rows, console.columns))
  const [first] = found
  if (first === undefined || console.columns === undefined || console.asJson) return
  const number = found.length === 1 ? '1 tool' : `${found.length} tools`
  console.say(`${number}. To see one with its arguments: mcpgw tools ${first.name}`)
}

/** On a terminal, where room is short, nothing when the tool's name begins with it anyway. */
function serverCell({ name, server }: WorkspaceTool, columns: number | undefined): string {
  return columns !== undefined && name.startsWith(`${server}__`) ? '' : server
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').trim()
}

function showOne(tool: WorkspaceTool, console: Console): void {
  const rows = argumentsOf(tool.definition).map((argument) => [
    `  ${argument.name}`,
    typeWords(argument.schema),
    argument.isRequired ? 'required' : '',
    argumentWords(argument).replace(/\s+/g, ' '),
  ])
  const marks = marksOf(tool)
  console.result(tool, [
    `${tool.name}${marks === '' ? '' : ` (${marks})`}`,
    `from ${tool.server}, where it is called ${tool.tool}`,
    '',
    ...(descriptionOf(tool) === '' ? [] : [descriptionOf(tool).trim(), '']),
    ...(rows.length === 0 ? ['Takes no arguments.'] : ['Arguments:', ...table(rows)]),
    '',
    'Example:',
    `  ${exampleCall(tool.name, tool.definition)}`,
  ])
}
