import { homedir } from 'node:os'
import { join } from 'node:path'

/** Everything the environment may say, read once. An empty variable counts as unset. */
export interface Settings {
  readonly token: string | undefined
  readonly workspace: string | undefined
  /** `file` keeps the keychain untouched. */
  readonly storage: 'file' | undefined
  readonly configFolder: string
  readonly usesProxy: boolean
  /** D-Bus, by which the keychain of Linux is reached. */
  readonly sessionBus: string | undefined
  readonly platform: NodeJS.Platform
  readonly version: string
}

export function readSettings(
  environment: NodeJS.ProcessEnv,
  process: { platform: NodeJS.Platform; version: string },
): Settings {
  const value = (name: string) => environment[name] || undefined
  const proxies = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']
  return {
    token: value('MCPGW_TOKEN'),
    workspace: value('MCPGW_WORKSPACE'),
    storage: value('MCPGW_STORAGE') === 'file' ? 'file' : undefined,
    configFolder: value('MCPGW_CONFIG_DIR') ?? defaultConfigFolder(process.platform, value),
    usesProxy: proxies.some((name) => value(name) !== undefined),
    sessionBus: process.platform === 'linux' ? value('DBUS_SESSION_BUS_ADDRESS') : undefined,
    platform: process.platform,
    version: process.version,
  }
}

function defaultConfigFolder(platform: NodeJS.Platform, value: (name: string) => string | undefined): string {
  const base =
    platform === 'win32'
      ? (value('APPDATA') ?? join(homedir(), 'AppData', 'Roaming'))
      : (value('XDG_CONFIG_HOME') ?? join(homedir(), '.config'))
  return join(base, 'mcpgw')
}
