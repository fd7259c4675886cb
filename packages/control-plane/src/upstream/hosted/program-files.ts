import { existsSync, realpathSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, sep } from 'node:path'
import type { HostedSpec } from './launch.ts'

/** What of the machine's files a sandboxed server may see, beside the system's programs and its own folder. */
export interface OpenedFiles {
  readable: string[]
  writable: string[]
}

/** Where they really are, whatever links lead there. */
export interface ClosedFiles {
  /** It holds the vault. Folders around it are opened, but do not show it. */
  folder: string
  files: readonly string[]
}

/**
 * Sockets of other programs, secrets of the machine, devices: no argument opens them. The others are folders in which
 * everything of everybody lies.
 */
const CLOSED_TREES = ['/proc', '/sys', '/dev', '/run', '/etc', '/boot']
const SHARED_FOLDERS = [
  '/',
  '/home',
  '/root',
  '/tmp',
  '/var',
  '/var/lib',
  '/var/tmp',
  '/opt',
  '/srv',
  '/mnt',
  '/media',
]
const PACKAGE_MARKS = ['package.json', 'pyvenv.cfg']

/**
 * A server needs its program, and what its owner named: a file among the arguments opens its package for reading, one
 * that is pointed at only itself; a folder is opened for reading and writing. What a credential's value brings in opens
 * nothing. Never opened are what is closed, a folder that holds a closed file, and folders as broad as a home.
 */
export function filesToOpen(
  command: string,
  { named = [], pointedAt = [] }: Pick<HostedSpec, 'named' | 'pointedAt'>,
  closed: ClosedFiles,
): OpenedFiles {
  const isClosed = (path: string) => isOutOfBounds(path, closed)
  const inArguments = sorted(named)
  const places = sorted(pointedAt)
  const programs = [command, ...inArguments.files].flatMap((file) => foldersOfProgram(file, isClosed))
  return {
    readable: openable([...programs, ...places.files], isClosed),
    writable: openable([...inArguments.folders, ...places.folders], isClosed),
  }
}

function sorted(texts: readonly string[]): { files: string[]; folders: string[] } {
  const paths = texts.flatMap(pathsIn).filter((path) => existsSync(path))
  return {
    files: paths.filter((path) => statSync(path).isFile()),
    folders: paths.filter((path) => statSync(path).isDirectory()),
  }
}

/** `/srv/notes`, and the end of `--root=/srv/notes`. */
function pathsIn(argument: string): string[] {
  const path = /^(?:--?[\w-]+=)?(\/.*)$/s.exec(argument)?.[1]
  return path === undefined ? [] : [path]
}

function openable(paths: string[], isClosed: (path: string) => boolean): string[] {
  const both = paths.flatMap((path) => [path, realpathSync(path)])
  return [...new Set(both.filter((path) => !isClosed(path) && !isClosed(realpathSync(path))))]
}

function foldersOfProgram(file: string, isClosed: (path: string) => boolean): string[] {
  return [file, realpathSync(file)].flatMap((path) => [
    packageFolder(path, isClosed),
    ...modulesAbove(path, isClosed),
  ])
}

/** The nearest folder that is a package; else the file's own; else, in a home and the like, the file alone. */
function packageFolder(file: string, isClosed: (path: string) => boolean): string {
  const candidates = ancestors(file).filter((folder) => !isClosed(folder))
  const marked = candidates.find((folder) => PACKAGE_MARKS.some((mark) => existsSync(join(folder, mark))))
  if (marked !== undefined) return marked
  return isClosed(dirname(file)) ? file : dirname(file)
}

/** Where Node looks for what a file imports, with the places that links in there lead to. */
function modulesAbove(file: string, isClosed: (path: string) => boolean): string[] {
  const found = ancestors(file)
    .map((folder) => join(folder, 'node_modules'))
    .filter((folder) => existsSync(folder) && !isClosed(folder))
  const linked = found.filter((folder) => realpathSync(folder) !== folder)
  return [...found, ...linked.flatMap((folder) => modulesAbove(realpathSync(folder), isClosed))]
}

function ancestors(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [] : [parent, ...ancestors(parent)]
}

function isOutOfBounds(path: string, closed: ClosedFiles): boolean {
  if (SHARED_FOLDERS.includes(path) || dirname(path) === '/home') return true
  if (CLOSED_TREES.some((tree) => isWithin(path, tree))) return true
  // Something laid over a file would be gone when another is renamed to its place, as keys are.
  if (closed.files.some((file) => isWithin(file, path))) return true
  const home = homeFolder()
  return isWithin(path, closed.folder) || (home !== undefined && isWithin(home, path))
}

/** Whether the path is the folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function homeFolder(): string | undefined {
  try {
    return userInfo().homedir
  } catch {
    return undefined // A user whom the system does not know, as in some containers.
  }
}
