/** What a client starts as its MCP server: the bridge. It takes the token from the keychain, so none stands here. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export const SYSTEMS = ['mac', 'windows', 'linux'] as const
export type System = (typeof SYSTEMS)[number]

export const SYSTEM_WORD: Record<System, string> = { mac: 'macOS', windows: 'Windows', linux: 'Linux' }

/** A guess; whoever sets up another computer than this one chooses. */
export function systemOf(userAgent: string): System {
  if (/Windows/i.test(userAgent)) return 'windows'
  return /Mac OS|iPhone|iPad/i.test(userAgent) ? 'mac' : 'linux'
}

/**
 * The bridge as the control plane itself hands it out. By default npm tries a dead address for 70 seconds before it
 * starts the copy it has; the two settings make that 3.
 */
export function bridgeLaunch(url: string): Launch {
  const env = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '3000' }
  return { command: 'npx', args: ['-y', '--allow-remote=all', url], env }
}

/** On Windows npx is a script, which many clients cannot start by themselves. */
export function throughShell({ command, args, env }: Launch): Launch {
  return { command: 'cmd', args: ['/c', command, ...args], env }
}
