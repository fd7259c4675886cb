import { homedir } from 'node:os'
import { join } from 'node:path'
import { commandOf } from './how-to-type.ts'
import type { Network } from './http/network.ts'

/** Everything the environment may say, read once. An empty variable counts as unset. */
export interface Settings {
  readonly token: string | undefined
  readonly workspace: string | undefined
  /** The workspace this copy of the bridge was made for, when the control plane made it. */
  readonly ownWorkspace: string | undefined
  /** What people type to reach this copy of the bridge. */
  readonly command: string
  /** `file` keeps the keychain untouched. */
  readonly storage: 'file' | undefined
  readonly configFolder: string
  readonly network: Network
  /** D-Bus, by which the keychain of Linux is reached. */
  readonly sessionBus: string | undefined
  readonly platform: NodeJS.Platform
  readonly version: string
}

export function readSettings(
  environment: NodeJS.ProcessEnv,
  process: { platform: NodeJS.Platform; version: string; argv: readonly string[] },
  ownWorkspace?: string,
): Settings {
  const value = (name: string) => environment[name] || undefined
  return {
    token: value('MCPGW_TOKEN'),
    workspace: value('MCPGW_WORKSPACE'),
    ownWorkspace,
    command: commandOf(process.argv[1] ?? '', ownWorkspace),
    storage: value('MCPGW_STORAGE') === 'file' ? 'file' : undefined,
    configFolder: value('MCPGW_CONFIG_DIR') ?? defaultConfigFolder(process.platform, value),
    network: readNetwork(value),
    sessionBus: process.platform === 'linux' ? value('DBUS_SESSION_BUS_ADDRESS') : undefined,
    platform: process.platform,
    version: process.version,
  }
}

function readNetwork(value: (name: string) => string | undefined): Network {
  const firstOf = (...names: string[]) => names.map(value).find((text) => text !== undefined)
  const httpsProxy = firstOf('HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy')
  const httpProxy = firstOf('HTTP_PROXY', 'http_proxy')
  const noProxy = firstOf('NO_PROXY', 'no_proxy')
  const caFile = firstOf('NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE')
  return {
    ...(httpsProxy !== undefined && { httpsProxy }),
    ...(httpProxy !== undefined && { httpProxy }),
    ...(noProxy !== undefined && { noProxy }),
    ...(caFile !== undefined && { caFile }),
  }
}

function defaultConfigFolder(platform: NodeJS.Platform, value: (name: string) => string | undefined): string {
  const base =
    platform === 'win32'
      ? (value('APPDATA') ?? join(homedir(), 'AppData', 'Roaming'))
      : (value('XDG_CONFIG_HOME') ?? join(homedir(), '.config'))
  return join(base, 'mcpgw')
}
