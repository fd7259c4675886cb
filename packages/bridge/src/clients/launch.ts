import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { ownFolder, type Place } from './place.ts'

/** How a client starts the bridge. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** `package` is npx with the published package, `url` npx with the workspace's own copy, `script` Node itself. */
export type LaunchKind = 'package' | 'url' | 'script'

/** The copy of the bridge that is running now. */
export interface Copy {
  readonly node: string
  readonly script: string
  /** The workspace it was made for, when a control plane made it. */
  readonly ownWorkspace: string | undefined
}

/** What programs started from a desktop search, whatever the user's shell adds to its own PATH. */
export function systemFolders({ platform, env }: Place): readonly string[] {
  if (platform !== 'win32') return ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin']
  return [join(env.ProgramFiles || 'C:\\Program Files', 'nodejs')]
}

export function chooseLaunchKind(launcher: 'auto' | 'npx' | 'node', copy: Copy): LaunchKind {
  if (launcher === 'node') return 'script'
  if (copy.ownWorkspace !== undefined) return 'url'
  const isCheckout = !/[\\/]node_modules[\\/]/.test(copy.script)
  return launcher === 'auto' && isCheckout ? 'script' : 'package'
}

export interface LaunchWish {
  readonly kind: LaunchKind
  readonly workspace: string
  readonly copy: Copy
  readonly place: Place
  /** The client is started from a desktop, without what a shell adds to PATH. */
  readonly isDesktop: boolean
  /** On Windows the client cannot start npx by itself, which is a script there. */
  readonly needsShell: boolean
  readonly folders?: readonly string[]
}

/** No launch ever carries a secret: the bridge reads the token from the keychain by itself. */
export function createLaunch(wish: LaunchWish): Launch {
  const env = ownSettings(wish.place)
  if (wish.kind === 'script') {
    const { node, script } = wish.copy
    return { command: node, args: [script, 'stdio', '--workspace', wish.workspace], env }
  }
  const npx = findNpx(wish)
  const run = wish.kind === 'url' ? runFromUrl(wish.workspace) : runPackage(wish.workspace)
  const { args } = run
  const launch = { command: npx.command, args, env: { ...npx.env, ...run.env, ...env } }
  if (wish.place.platform !== 'win32' || !wish.needsShell) return launch
  return { ...launch, command: 'cmd', args: ['/c', npx.command, ...args] }
}

type Run = Pick<Launch, 'args' | 'env'>

/** npx asks the registry at every start and waits minutes for a dead network, unless told to prefer its cache. */
function runPackage(workspace: string): Run {
  return { args: ['-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', workspace], env: {} }
}

/**
 * The control plane is asked at every start, so that its new build is the next to run; when it does not answer, npm
 * starts what it has within seconds instead of 70. npm refuses packages by URL from version 12 on; earlier ones
 * ignore the flag.
 */
function runFromUrl(workspace: string): Run {
  const env = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '3000' }
  return { args: ['-y', '--allow-remote=all', workspace], env }
}

/** Clients hand on few variables of the environment: where our settings are must not depend on the others. */
function ownSettings(place: Place): Record<string, string> {
  const { APPDATA } = place.env
  const folder = ownFolder(place)
  const withoutHelp = ownFolder({ ...place, env: APPDATA === undefined ? {} : { APPDATA } })
  return folder === withoutHelp ? {} : { MCPGW_CONFIG_DIR: folder }
}

interface Npx {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

function findNpx({ place, copy, isDesktop, folders = systemFolders(place) }: LaunchWish): Npx {
  const bare = { command: 'npx', env: {} }
  if (!isDesktop || folders.some((folder) => holdsNpx(folder, place))) return bare
  const searched = [dirname(copy.node), ...(place.env.PATH ?? '').split(delimiter)]
  const folder = searched.find((candidate) => candidate !== '' && holdsNpx(candidate, place))
  if (folder === undefined) return bare
  const env = { PATH: pathStartingWith(folder, place) }
  // Windows finds npx.cmd by PATH, and clients mangle a command with a space in it.
  return place.platform === 'win32' ? { command: 'npx', env } : { command: join(folder, 'npx'), env }
}

function holdsNpx(folder: string, { platform }: Place): boolean {
  if (platform === 'win32') return existsSync(join(folder, 'npx.cmd'))
  try {
    accessSync(join(folder, 'npx'), constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** npx itself looks for node on the PATH. */
function pathStartingWith(folder: string, { platform, env }: Place): string {
  if (platform !== 'win32') return [folder, '/usr/local/bin', '/usr/bin', '/bin'].join(':')
  const windows = env.SystemRoot || 'C:\\Windows'
  return [folder, `${windows}\\System32`, windows].join(';')
}
