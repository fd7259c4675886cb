import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Network } from '../../model/server.ts'
import { INNER_SOCKET } from './egress-forwarder.ts'
import { isWithin, type OpenedFiles } from './program-files.ts'

export interface SandboxView {
  network: Network
  opened: OpenedFiles
  /** The Node that runs servers written for it. */
  nodeFolder: string
  workingFolder: string
  /** Where its package is installed: the one thing of the data folder that is seen beside its own folder. */
  packageFolder: string | undefined
  /** Stands for `/etc/passwd`, where the server has a user that the system does not know. */
  usersFile: string | undefined
  /** Never seen, even where an opened folder holds them. */
  dataDir: string
  hiddenFiles: readonly string[]
  /** The gateway's socket, for a filtered network. */
  egressSocket: string
  env: Record<string, string>
  /** As root no user namespace is needed: a user of its own is taken inside. */
  asRoot: boolean
}

/** Programs and libraries of the system, and of `/etc` what programs of all kinds read: nothing secret is in these. */
const SYSTEM = ['/usr', '/lib', '/lib32', '/lib64', '/libx32', '/bin', '/sbin', '/nix']
const OF_ETC = [
  'alternatives',
  'ca-certificates',
  'group',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'pki',
  'protocols',
  'resolv.conf',
  'services',
  'ssl',
]
/** They are memory, which nothing else here would count. */
const TMP_BYTES = 64 * 1024 * 1024

/**
 * What bubblewrap is told, beside the command. No `--new-session`: the process is started as the leader of a session
 * without a terminal, and one group for all lets the gateway see whether any of them is left.
 */
export function sandboxArguments(view: SandboxView): string[] {
  return [
    ...namespaces(view),
    ...['--dir', '/etc'],
    ...[...SYSTEM, ...OF_ETC.map((name) => `/etc/${name}`)].flatMap((path) => ['--ro-bind-try', path, path]),
    ...(view.usersFile === undefined ? [] : ['--ro-bind', view.usersFile, '/etc/passwd']),
    ...['--proc', '/proc', '--dev', '/dev', ...memoryFolder('/dev/shm'), '--remount-ro', '/dev'],
    ...memoryFolder('/tmp'),
    ...openedFolders(view),
    ...hidden(view),
    ...installedPackage(view),
    ...parents(view.workingFolder),
    ...['--bind', view.workingFolder, view.workingFolder, '--chdir', '/'],
    ...(view.network === 'filtered' ? ['--bind', view.egressSocket, INNER_SOCKET] : []),
    ...['--remount-ro', '/', '--clearenv'],
    ...Object.entries(view.env).flatMap(([name, value]) => ['--setenv', name, value]),
  ]
}

function namespaces({ asRoot, network }: SandboxView): string[] {
  return [
    ...['--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try', '--die-with-parent'],
    ...['--hostname', 'hosted', '--cap-drop', 'ALL'],
    ...(network === 'open' ? [] : ['--unshare-net']),
    ...(asRoot
      ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID']
      : ['--unshare-user', '--disable-userns', '--uid', '65534', '--gid', '65534']),
  ]
}

function memoryFolder(path: string): string[] {
  return ['--perms', '1777', '--size', String(TMP_BYTES), '--tmpfs', path]
}

/** The outer before the inner, so that none hides another. */
function openedFolders({ opened, nodeFolder }: SandboxView): string[] {
  const readable = withoutCovered([...opened.readable, nodeFolder], opened.writable)
  const all = [...new Set([...readable, ...opened.writable])].sort((one, other) => one.length - other.length)
  return all.flatMap((path) => [
    ...parents(path),
    readable.includes(path) ? '--ro-bind' : '--bind',
    path,
    path,
  ])
}

/** What is seen already as part of a folder around it; a link in there also cannot be mounted on. */
function withoutCovered(readable: string[], writable: string[]): string[] {
  return readable.filter((path) => {
    const around = [...SYSTEM, ...readable].filter((folder) => folder !== path && isWithin(path, folder))
    return around.length === 0 || writable.some((folder) => isWithin(path, folder))
  })
}

/**
 * The data folder, and where a system's folder holds a hidden file the folder of that, at every place where they would
 * be seen: a folder that was opened by a link's name shows all of it a second time.
 */
function hidden({ opened, nodeFolder, dataDir, hiddenFiles }: SandboxView): string[] {
  const system = [...SYSTEM, nodeFolder]
  const places = [
    ...[...opened.readable, ...opened.writable, ...system].flatMap((folder) => placesIn(folder, dataDir)),
    ...system.flatMap((folder) => hiddenFiles.flatMap((file) => placesIn(folder, dirname(file)))),
  ]
  return [...new Set(places)].flatMap((path) => ['--tmpfs', path])
}

function installedPackage({ packageFolder }: SandboxView): string[] {
  if (packageFolder === undefined) return []
  return [...parents(packageFolder), '--ro-bind', packageFolder, packageFolder]
}

/** Where somebody who sees this folder would see that path. */
function placesIn(folder: string, path: string): string[] {
  if (!existsSync(folder)) return []
  const real = realpathSync(folder)
  return isWithin(path, real) ? [folder + path.slice(real.length)] : []
}

/** Bubblewrap makes them too, but so that only root may pass. */
function parents(path: string): string[] {
  const parent = dirname(path)
  return parent === '/' ? [] : [...parents(parent), '--dir', parent]
}
