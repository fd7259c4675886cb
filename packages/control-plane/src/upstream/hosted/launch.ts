import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { GatewayError } from '../../model/error.ts'
import type { Network } from '../../model/server.ts'

/** A hosted server as it is to be started; placeholders are already filled in. */
export interface HostedSpec {
  /** `node` means this very Node; otherwise an absolute path, or a name to find on the search path. */
  command: string
  args: string[]
  env: Record<string, string>
  /** The server's own folder: it is made when missing, with `home` and `tmp` inside. */
  workingFolder: string
  /** What people call the server, for messages. */
  label: string
  /** What it may reach, where that was chosen. */
  network?: Network
  /** The arguments as the owner wrote them, without those that hold a value of the credential: they open programs. */
  named?: readonly string[]
  /** What its variables, or the values it was added with, point at: they open files and folders. */
  pointedAt?: readonly string[]
  /** Where its package is installed, in the data folder: it is seen from inside a sandbox. */
  packageFolder?: string
  /** It runs in a container of its own: what is started here only talks to the engine. */
  isContainer?: boolean
}

export interface LaunchOptions {
  /** The Node that runs servers written for it, e.g. `process.execPath`. */
  nodePath: string
  /** Folders to look for commands in, in the form of `PATH`. Entries that are not absolute are ignored. */
  searchPath: string
  /** Puts the program into a sandbox and under limits: gives what to start instead. */
  contain?: (launch: Launch, spec: HostedSpec) => Launch
}

/** All that the operating system is told when the process starts. */
export interface Launch {
  command: string
  args: string[]
  env: Record<string, string>
  folder: string
  /** What the program reads on descriptor 3, where it reads there. */
  thirdStream?: string
}

/**
 * Finds the command, makes the folders and composes the environment, which holds what is named here and nothing
 * of the gateway's own. Throws GatewayError with a fix; no error holds an argument or an environment value,
 * because credentials may be in them.
 */
export function prepareLaunch(spec: HostedSpec, options: LaunchOptions): Launch {
  refuseNullBytes(spec)
  const folders = childFolders(options)
  const found = findCommand(spec, options.nodePath, folders)
  const folder = resolve(spec.workingFolder)
  const home = makePrivateFolder(join(folder, 'home'), spec.label)
  const temporary = makePrivateFolder(join(folder, 'tmp'), spec.label)
  const env = { PATH: folders.join(delimiter), HOME: home, TMPDIR: temporary, LANG: 'C.UTF-8', ...spec.env }
  const launch = { command: found, args: spec.args, env, folder }
  return spec.isContainer === true ? launch : (options.contain?.(launch, spec) ?? launch)
}

/** Node refuses these too, but with a message that shows the value. */
function refuseNullBytes(spec: HostedSpec) {
  const texts = [spec.command, ...spec.args, ...Object.keys(spec.env), ...Object.values(spec.env)]
  if (!texts.some((text) => text.includes('\0'))) return
  throw new GatewayError(
    'configuration',
    `The command line or environment of "${spec.label}" holds a null byte.`,
    {
      fix: "Remove the null byte from the server's arguments, environment or credential.",
    },
  )
}

/** This Node comes first, so that a script with `#!/usr/bin/env node` gets the same one. */
function childFolders({ nodePath, searchPath }: LaunchOptions): string[] {
  return [dirname(nodePath), ...searchPath.split(delimiter).filter((folder) => isAbsolute(folder))]
}

function findCommand({ command, label }: HostedSpec, nodePath: string, folders: string[]): string {
  if (command === 'node') return nodePath
  if (isAbsolute(command)) return requireRunnable(command, label)
  if (command === '' || /[\\/]/.test(command)) {
    throw new GatewayError(
      'configuration',
      `The command of "${label}" is neither a name nor an absolute path.`,
      {
        fix: 'Give the command as a plain name such as "uvx", or as an absolute path.',
      },
    )
  }
  const candidates = folders.flatMap((folder) => executableNames(command).map((name) => join(folder, name)))
  const found = candidates.find((path) => isRunnable(path))
  if (found !== undefined) return found
  throw new GatewayError(
    'upstream_unavailable',
    `"${label}" needs the command "${command}", which was not found.`,
    {
      fix: `Install ${command} on the gateway's machine, in one of the folders of its PATH.`,
    },
  )
}

function executableNames(command: string): string[] {
  return process.platform === 'win32' ? [command, `${command}.exe`] : [command]
}

function requireRunnable(path: string, label: string): string {
  if (isRunnable(path)) return path
  throw new GatewayError(
    'upstream_unavailable',
    `"${label}" needs "${path}", which is not an executable file.`,
    {
      fix: `Check that ${path} exists and that the gateway's user may execute it.`,
    },
  )
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function makePrivateFolder(path: string, label: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  } catch (cause) {
    throw new GatewayError('configuration', `The working folder of "${label}" cannot be made.`, {
      cause,
      fix: "Check that the gateway's user may write in its data folder and that the disk is not full.",
    })
  }
}
