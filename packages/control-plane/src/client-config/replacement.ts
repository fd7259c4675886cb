import { stringify as toToml } from 'smol-toml'
import { stringify as toYaml } from 'yaml'
import type { ClientConfig } from './find-servers.ts'

/** What a client's configuration holds in place of all that moved here. */
export interface Replacement {
  /** The keys that lead to it. */
  path: string[]
  /** The container with this one entry, in the configuration's own format. */
  text: string
}

const KEY = 'mcpgw'

/** The one entry for a workspace. It starts the bridge, which takes the token from the keychain: no secret stands there. */
export function replacementFor({ format, servers }: ClientConfig, workspaceUrl: string): Replacement {
  const path = containerOf(servers[0]?.path ?? [])
  const entry = entryFor(path.at(-1) ?? '', workspaceUrl)
  const whole = path.reduceRight<object>((inner, key) => ({ [key]: inner }), { [KEY]: entry })
  return { path: [...path, KEY], text: WRITERS[format](whole) }
}

const WRITERS = {
  json: (value: object) => JSON.stringify(value, undefined, 2),
  toml: (value: object) => toToml(value).trim(),
  yaml: (value: object) => toYaml(value).trim(),
}

/** Of a project or a part of a file, the container it would have in a whole one. */
function containerOf(path: readonly string[]): string[] {
  const own = path[0] === 'projects' ? path.slice(2) : path
  return own.length > 1 ? own.slice(0, -1) : ['mcpServers']
}

/** Without the settings npm tries a gateway that does not answer for 70 seconds. */
const PATIENCE = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '3000' }

function entryFor(container: string, url: string): object {
  const [command, ...args] = ['npx', '-y', '--allow-remote=all', url]
  if (container === 'mcp')
    return { type: 'local', command: [command, ...args], environment: PATIENCE, enabled: true }
  if (container === 'extensions')
    return { type: 'stdio', name: KEY, cmd: command, args, envs: PATIENCE, enabled: true, timeout: 300 }
  const entry = { command, args, env: PATIENCE }
  return container === 'servers' ? { type: 'stdio', ...entry } : entry
}
