import { join, resolve } from 'node:path'

/** The machine as the AI clients on it see it. */
export interface Place {
  readonly platform: NodeJS.Platform
  readonly home: string
  readonly env: NodeJS.ProcessEnv
}

/** Where applications with a window keep their settings. */
export function applicationFolder({ platform, home, env }: Place): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  if (platform === 'win32') return env.APPDATA || join(home, 'AppData', 'Roaming')
  return env.XDG_CONFIG_HOME || join(home, '.config')
}

/** Where programs that follow the XDG rules on every platform keep theirs. */
export function xdgFolder({ home, env }: Place): string {
  return env.XDG_CONFIG_HOME || join(home, '.config')
}

/** The folder of our own settings. */
export function ownFolder(place: Place): string {
  if (place.env.MCPGW_CONFIG_DIR) return resolve(place.env.MCPGW_CONFIG_DIR)
  return join(place.platform === 'win32' ? applicationFolder(place) : xdgFolder(place), 'mcpgw')
}
