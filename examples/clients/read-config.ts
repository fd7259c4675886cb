/** How a configuration starts the bridge. */
export interface Entry {
  command: string
  args: string[]
}

/** The bridge's entry in a client's JSON, whatever the client calls the list of its servers. */
export function readJsonEntry(text: string): Entry {
  const { mcpServers, servers } = JSON.parse(text)
  return entryOf((mcpServers ?? servers).mcpgw)
}

/** The bridge's entry in Codex's TOML. Reads no more of TOML than that file has: strings and lists of strings. */
export function readTomlEntry(text: string): Entry {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const [table, ...settings] = lines
  if (table !== '[mcp_servers.mcpgw]') throw new Error(`Not the table of the bridge: ${table}`)
  return entryOf(Object.fromEntries(settings.map(readTomlSetting)))
}

/** TOML writes such values as JSON does. */
function readTomlSetting(line: string): [string, unknown] {
  const [, name, value] = /^(\w+) = (.+)$/.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error(`Not a setting: ${line}`)
  return [name, JSON.parse(value)]
}

/** What a workflow runs to log in, and the configuration that it writes for its agent. */
export function readWorkflow(text: string): { login: string; entry: Entry } {
  if (text.includes('\t')) throw new Error('YAML knows no tabs.')
  const login = /^ +run: (.* login .*)$/m.exec(text)?.[1]
  const json = /<<'JSON'\n(.*)\n *JSON\n/s.exec(text)?.[1]
  if (login === undefined || json === undefined)
    throw new Error('The workflow does not log in and configure.')
  return { login, entry: readJsonEntry(json) }
}

function entryOf(value: { command?: unknown; args?: unknown; env?: unknown }): Entry {
  const { command, args, env } = value
  if (typeof command !== 'string' || !Array.isArray(args)) throw new Error('No command to start.')
  if (env !== undefined) throw new Error('A configuration brings no environment: a token could be in it.')
  return { command, args: args.map(String) }
}
