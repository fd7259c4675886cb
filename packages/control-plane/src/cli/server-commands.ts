import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { askValues } from './ask-values.ts'
import { EXIT } from './command-failed.ts'
import { addImportCommand } from './import-command.ts'
import { collect, given, jsonOption, parseWholeNumber } from './options.ts'
import { addPinCommands } from './pin-commands.ts'
import { formatFields, formatTable } from './table.ts'
import { type Fields, pathOf, type Terminal } from './terminal.ts'

interface Json {
  json?: boolean
}

interface Settings extends Json {
  enable?: boolean
  disable?: boolean
  prefix?: string
  isolation?: string
  pin?: string
  timeoutMs?: number
  allowTool?: string[]
  denyTool?: string[]
  network?: string
}

interface NewServer extends Settings {
  url?: string
  openapi?: string
  operation?: string[]
  package?: string
  catalog?: string
  serverJson?: string
  deployment?: number
  value?: string[]
  transport?: string
  header?: string[]
  oauth?: string
  env?: string[]
}

export function addServerCommands(program: Command, terminal: Terminal): void {
  const server = program.command('server').description("manage a workspace's servers")

  withSettings(server.command('add <workspace> <name> [command...]'))
    .description(
      'add a server by --catalog, by --server-json, by --url, by --openapi, by a command after "--", or by --package with its arguments after "--"',
    )
    .option('--url <url>', 'the address of a remote server, or the base address of an HTTP API')
    .option('--openapi <file>', 'the OpenAPI document of an HTTP API, JSON or YAML')
    .option(
      '--operation <which>',
      'operations to make tools of: "reading", "all", or a pattern of operation ids (repeatable)',
      collect,
    )
    .option(
      '--package <registry:name@version>',
      'a package to run, such as npm:time-mcp@1.0.6, pypi:mcp-server-time@2026.1.26 or oci:mcp/time:1.0',
    )
    .option('--catalog <id>', 'a server of the catalog, by its id')
    .option('--server-json <file>', "a server.json, as the official registry's servers have one")
    .option('--deployment <number>', 'which of its ways to have it, from 0', parseWholeNumber)
    .option(
      '--value <NAME=value>',
      'what that server needs; NAME=- asks for it, as secrets want (repeatable)',
      collect,
    )
    .addOption(
      new Option('--transport <transport>', 'how the server speaks HTTP').choices([
        'auto',
        'streamable-http',
        'sse',
      ]),
    )
    .option('--header <"Name: value">', 'a header to send, with {{NAME}} for a secret (repeatable)', collect)
    .addOption(
      new Option(
        '--oauth [client]',
        'somebody logs in to it, with a client that registers itself or with one registered by hand',
      )
        .choices(['dynamic', 'pre-registered'])
        .preset('dynamic'),
    )
    .option('--env <NAME=value>', 'an environment variable, with {{NAME}} for a secret (repeatable)', collect)
    .action(async (workspace: string, name: string, command: string[], options: NewServer) => {
      const values = await valuesOf(terminal, options.value)
      const body = { name, ...targetOf(terminal, command, options), ...values, ...settingsOf(options) }
      printServer(
        terminal,
        options,
        await terminal.askFields('POST', `${pathOf('workspaces', workspace)}/servers`, body),
      )
    })

  server
    .command('list <workspace>')
    .description('list the servers with their health')
    .addOption(jsonOption())
    .action(async (workspace: string, options: Json) => {
      const items = await terminal.askAll(`${pathOf('workspaces', workspace)}/servers`)
      terminal.print(options, { items }, formatServers(items))
    })

  server
    .command('show <workspace> <name>')
    .description('show one server')
    .addOption(jsonOption())
    .action(async (workspace: string, name: string, options: Json) => {
      printServer(terminal, options, await terminal.askFields('GET', serverPath(workspace, name)))
    })

  withSettings(server.command('set <workspace> <name>'))
    .description('change how a server is used')
    .action(async (workspace: string, name: string, options: Settings) => {
      const change = settingsOf(options)
      if (Object.keys(change).length === 0)
        terminal.fail(EXIT.wrongUsage, 'Nothing to change: give at least one option.')
      printServer(terminal, options, await terminal.askFields('PATCH', serverPath(workspace, name), change))
    })

  server
    .command('remove <workspace> <name>')
    .description('remove a server and its credential')
    .addOption(jsonOption())
    .action(async (workspace: string, name: string, options: Json) => {
      await terminal.ask('DELETE', serverPath(workspace, name))
      terminal.print(options, { removed: name }, `Removed ${name}.\n`)
    })

  server
    .command('check <workspace> <name>')
    .description('connect to a server and say what is wrong; exit code 1 unless it is ready')
    .addOption(jsonOption())
    .action(async (workspace: string, name: string, options: Json) => {
      const found = await terminal.askFields('POST', `${serverPath(workspace, name)}/check`)
      printServer(terminal, options, found)
      if (found.status !== 'ready') terminal.fail(EXIT.failed, `${name} is not ready.`)
    })

  addImportCommand(server, terminal)
  addPinCommands(server, terminal)
}

function withSettings(command: Command): Command {
  return command
    .addOption(new Option('--enable', 'use the server').conflicts('disable'))
    .option('--disable', 'keep the server but do not use it')
    .addOption(
      new Option('--prefix <when>', "put the server's name before its tools'").choices([
        'always',
        'on-collision',
        'never',
      ]),
    )
    .addOption(
      new Option('--isolation <kind>', 'who shares one session').choices([
        'shared',
        'per-session',
        'per-member',
      ]),
    )
    .addOption(
      new Option('--pin <mode>', 'what happens to a tool whose definition changes').choices([
        'enforce',
        'warn',
        'off',
        'default',
      ]),
    )
    .option('--timeout-ms <ms>', 'the longest a call may take', parseWholeNumber)
    .option('--allow-tool <pattern>', 'show only these tools (repeatable)', collect)
    .option('--deny-tool <pattern>', 'do not show these tools (repeatable)', collect)
    .addOption(
      new Option('--network <kind>', 'what a hosted server may reach').choices(['filtered', 'open', 'none']),
    )
    .addOption(jsonOption())
}

function settingsOf(options: Settings) {
  const { enable, disable, prefix, isolation, pin, timeoutMs, allowTool, denyTool, network } = options
  const ruled = allowTool !== undefined || denyTool !== undefined
  const tools = ruled ? given({ allow: allowTool, deny: denyTool }) : undefined
  const enabled = enable === true ? true : disable === true ? false : undefined
  const pinOrDefault = pin === 'default' ? null : pin
  return given({ enabled, prefix, isolation, pin: pinOrDefault, timeoutMs, tools, network })
}

function targetOf(terminal: Terminal, [command, ...args]: string[], options: NewServer) {
  const { url, catalog, deployment, transport, header = [], env = [], oauth: client } = options
  const headers = header.length === 0 ? undefined : pairs(terminal, header, ':', '--header "Name: value"')
  const variables = env.length === 0 ? undefined : pairs(terminal, env, '=', '--env NAME=value')
  const program = command === undefined ? [] : [command, ...args]
  const hosted =
    options.package === undefined
      ? command !== undefined && { command, args }
      : { package: packageOf(terminal, options.package), args: program }
  const oauth = client === undefined ? undefined : { client }
  const described = { catalog, ...serverJsonOf(terminal, options), deployment }
  const api = apiOf(terminal, options)
  return given({ url, ...api, ...described, transport, headers, oauth, ...hosted, env: variables })
}

/** Without any, a server that lacks only secrets is added, and waits for them. */
async function valuesOf(terminal: Terminal, wanted: string[] = []) {
  if (wanted.length === 0) return {}
  const asked = wanted.filter((value) => value.endsWith('=-')).map((value) => value.slice(0, -2))
  const typed = wanted.filter((value) => !value.endsWith('=-'))
  const secrets = asked.length === 0 ? {} : await askValues(terminal.io, asked)
  return { values: { ...pairs(terminal, typed, '=', '--value NAME=value'), ...secrets } }
}

function apiOf(terminal: Terminal, { openapi, operation = [] }: NewServer) {
  if (openapi === undefined) return {}
  return {
    openapi: readDocument(terminal, openapi, 'Give the file of the OpenAPI document.'),
    operations: { include: operation.flatMap(selectorsFor) },
  }
}

function serverJsonOf(terminal: Terminal, { serverJson: path }: NewServer) {
  if (path === undefined) return {}
  const text = readDocument(terminal, path, 'Give the file of the server.json.')
  try {
    return { serverJson: JSON.parse(text) as unknown }
  } catch (error) {
    return terminal.fail(EXIT.wrongUsage, `${path} is not JSON: ${String(error)}`)
  }
}

function readDocument(terminal: Terminal, path: string, fix: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return terminal.fail(EXIT.wrongUsage, `${path} cannot be read. ${fix}`)
  }
}

function selectorsFor(which: string): Record<string, string>[] {
  if (which === 'reading') return [{ method: 'GET' }, { method: 'HEAD' }]
  return which === 'all' ? [{}] : [{ operationId: which }]
}

/** Images carry their tag in their name. */
function packageOf(terminal: Terminal, text: string): Record<string, string> {
  const [, registryType = '', identifier = '', version] = /^(\w+):(@?[^@]+)(?:@([^@:]+))?$/.exec(text) ?? []
  if (registryType === 'oci') return { registryType, identifier: text.slice('oci:'.length) }
  if (identifier !== '' && version !== undefined) return { registryType, identifier, version }
  return terminal.fail(
    EXIT.wrongUsage,
    'Write it as --package npm:NAME@VERSION, pypi:NAME@VERSION or oci:IMAGE:TAG.',
  )
}

function pairs(
  terminal: Terminal,
  texts: string[],
  separator: string,
  usage: string,
): Record<string, string> {
  const entries = texts.map((text) => {
    const at = text.indexOf(separator)
    if (at < 1) terminal.fail(EXIT.wrongUsage, `Write it as ${usage}.`)
    const value = text.slice(at + 1)
    return [text.slice(0, at).trim(), separator === ':' ? value.trim() : value]
  })
  return Object.fromEntries(entries)
}

function serverPath(workspace: string, name: string): string {
  return pathOf('workspaces', workspace, 'servers', name)
}

function printServer(terminal: Terminal, options: Json, server: Fields): void {
  terminal.print(options, server, formatFields(server))
}

function formatServers(items: Fields[]): string {
  const rows = items.map((server) => {
    const { name, kind, status, tools, era } = server
    return [name, kind, status, tools, era, problemOf(server)]
  })
  return formatTable(['NAME', 'KIND', 'STATUS', 'TOOLS', 'ERA', 'PROBLEM'], rows)
}

function problemOf({ error, heldBack, changedTools }: Fields): unknown {
  if (typeof error === 'object' && error !== null && 'message' in error) return error.message
  if (Number(heldBack) > 0) return `Changed tools held back: ${heldBack}, see server pins`
  return Number(changedTools) > 0 ? `Changed tools in use: ${changedTools}, see server pins` : undefined
}
