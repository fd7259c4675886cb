import { z } from 'zod'
import type { RemoteTarget, ToolSelection } from '../model/server.ts'

/** A server's entry in one shape, whichever client wrote it. What the client would look up is there as `${NAME}`. */
export interface ClientEntry {
  url?: string
  transport: RemoteTarget['transport']
  headers: Record<string, string>
  /** The program and its arguments; empty for a remote server. */
  command: readonly string[]
  env: Record<string, string>
  enabled: boolean
  tools: ToolSelection
  /** What could not be taken along, for whoever imports it. */
  warnings: string[]
}

export type ReadEntry = { entry: ClientEntry } | { problem: string; fix: string }

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const texts = z.record(z.string(), z.union([scalar, z.null()])).transform(withoutNulls)
const list = z.array(scalar)

const program = { args: list.exactOptional(), env: texts.exactOptional() }

const way = {
  type: z.string().exactOptional(),
  url: z.string().exactOptional(),
  headers: texts.exactOptional(),
}

/** Every field that says how a server is reached, of any client. Fields of one client mean nothing else in another. */
const anyEntry = z.object({
  ...way,
  ...program,
  command: z.union([z.string(), list, z.object({ path: z.string(), ...program })]).exactOptional(),
  transport: z
    .union([z.string(), z.object({ ...way, ...program, command: scalar.exactOptional() })])
    .exactOptional(),
  // goose
  cmd: z.string().exactOptional(),
  envs: texts.exactOptional(),
  env_keys: list.exactOptional(),
  uri: z.string().exactOptional(),
  // opencode
  environment: texts.exactOptional(),
  // Windsurf and Antigravity; Gemini
  serverUrl: z.string().exactOptional(),
  httpUrl: z.string().exactOptional(),
  includeTools: list.exactOptional(),
  excludeTools: list.exactOptional(),
  // Codex
  http_headers: texts.exactOptional(),
  env_http_headers: texts.exactOptional(),
  bearer_token: scalar.exactOptional(),
  bearer_token_env_var: z.string().exactOptional(),
  env_vars: list.exactOptional(),
  enabled_tools: list.exactOptional(),
  disabled_tools: list.exactOptional(),
  // Continue; Copilot in JetBrains
  requestOptions: z.object({ headers: texts.exactOptional() }).exactOptional(),
  requestInit: z.object({ headers: texts.exactOptional() }).exactOptional(),
  apiKey: scalar.exactOptional(),
  // Kiro
  disabledTools: list.exactOptional(),
  disabled: z.boolean().exactOptional(),
  enabled: z.boolean().exactOptional(),
  // What only the client can do
  envFile: z.unknown().exactOptional(),
  headersHelper: z.unknown().exactOptional(),
  oauth: z.unknown().exactOptional(),
})

type AnyEntry = z.output<typeof anyEntry>

/** Understands an entry of any client. A refusal names a field, and never what stands in it. */
export function readEntry(unread: unknown): ReadEntry {
  const read = anyEntry.safeParse(unread)
  if (!read.success) return unreadable(read.error)
  const entry = flat(read.data)
  const url = entry.httpUrl ?? entry.url ?? entry.serverUrl ?? entry.uri
  const command = commandOf(entry)
  if (entry.type === 'builtin' || entry.type === 'platform')
    return { problem: 'It is a part of the client itself.', fix: 'Leave it where it is.' }
  if (url === undefined && command.length === 0)
    return {
      problem: 'It says neither a URL nor a command.',
      fix: 'Leave it where it is, or add the server by hand.',
    }
  return {
    entry: {
      ...(url !== undefined && command.length === 0 && { url: url.trim() }),
      transport: entry.type === 'sse' ? 'sse' : 'auto',
      headers: headersOf(entry),
      command,
      env: envOf(entry),
      enabled: !(entry.disabled ?? false) && (entry.enabled ?? true),
      tools: toolsOf(entry),
      warnings: warningsOf(entry),
    },
  }
}

/** Cline's own tool nests what others have beside the name. */
function flat({ transport, ...entry }: AnyEntry): Omit<AnyEntry, 'transport'> {
  if (transport === undefined) return entry
  return typeof transport === 'string'
    ? { ...entry, type: entry.type ?? transport }
    : { ...transport, ...entry }
}

type FlatEntry = ReturnType<typeof flat>

function commandOf({ command, cmd, args = [] }: FlatEntry): string[] {
  const said = command ?? cmd
  if (said === undefined || said === '') return []
  if (typeof said === 'string') return [said, ...args]
  return Array.isArray(said) ? [...said, ...args] : [said.path, ...(said.args ?? args)]
}

function headersOf(entry: FlatEntry): Record<string, string> {
  const { bearer_token: token, bearer_token_env_var: variable, apiKey } = entry
  const bearer = token ?? apiKey ?? (variable === undefined ? undefined : reference(variable))
  return {
    ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
    ...entry.requestInit?.headers,
    ...entry.requestOptions?.headers,
    ...entry.http_headers,
    ...Object.fromEntries(
      Object.entries(entry.env_http_headers ?? {}).map(([header, name]) => [header, reference(name)]),
    ),
    ...entry.headers,
  }
}

/** About the machine of the client, not about the server. */
const OF_THE_MACHINE =
  /^(?:https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_(?:file|dir)|dbus_session_bus_address|xdg_.*|path|home|user|shell|lang|lc_.*|tmp|temp|tmpdir|term|npm_config_.*)$/i

function envOf(entry: FlatEntry): Record<string, string> {
  const asked = [...(entry.env_vars ?? []), ...(entry.env_keys ?? [])].map((name): [string, string] => [
    name,
    reference(name),
  ])
  const ofCommand =
    typeof entry.command === 'object' && !Array.isArray(entry.command) ? entry.command.env : {}
  const all = {
    ...Object.fromEntries(asked),
    ...ofCommand,
    ...entry.envs,
    ...entry.environment,
    ...entry.env,
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => !OF_THE_MACHINE.test(name)))
}

function reference(name: string): string {
  return `\${${name}}`
}

function toolsOf(entry: FlatEntry): ToolSelection {
  const allow = entry.enabled_tools ?? entry.includeTools
  const deny = [
    ...(entry.disabled_tools ?? []),
    ...(entry.excludeTools ?? []),
    ...(entry.disabledTools ?? []),
  ]
  return { ...(allow !== undefined && { allow }), ...(deny.length > 0 && { deny }) }
}

function warningsOf(entry: FlatEntry): string[] {
  return [
    ...(entry.envFile !== undefined
      ? ['Variables from its "envFile" are not in the text: set what it needs in its credential.']
      : []),
    ...(entry.headersHelper !== undefined
      ? ['Headers from its "headersHelper" are not in the text: the gateway runs no helpers.']
      : []),
    ...(typeof entry.oauth === 'object' && entry.oauth !== null
      ? ['Its own OAuth client is not taken along: log in to it again here.']
      : []),
  ]
}

function withoutNulls(record: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  )
}

function unreadable({ issues }: z.ZodError): ReadEntry {
  const [field] = issues[0]?.path ?? []
  const what =
    field === undefined ? 'It is no object' : `Its "${String(field)}" is not what any client writes there`
  return { problem: `${what}.`, fix: 'Correct it in the text, or leave this server where it is.' }
}
