import { lchownSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { GatewayError } from '../../model/error.ts'
import type { HostedTarget, Network, SandboxState } from '../../model/server.ts'
import { FORWARDER_SCRIPT, proxyVariables } from './egress-forwarder.ts'
import { findProgram } from './find-program.ts'
import { openHostedProcess } from './hosted-process.ts'
import type { HostedSpec, Launch } from './launch.ts'
import { type HostedLimits, limitsAsShell } from './limits.ts'
import { filesToOpen } from './program-files.ts'
import { sandboxArguments } from './sandbox-arguments.ts'

export interface ContainmentOptions {
  nodePath: string
  /** Where `bwrap` is looked for, in the form of `PATH`. */
  searchPath: string
  dataDir: string
  /** Files outside the data folder that no server may see. */
  hiddenFiles: readonly string[]
  /** Where the way out of a filtered network listens. */
  egressSocket: string
  limits: HostedLimits
}

/** How hosted servers are kept apart from the machine and from one another. */
export interface Containment {
  /** Turns what was to be started into what is started instead. Throws where the owner asked for what cannot be had. */
  contain(launch: Launch, spec: HostedSpec): Launch
  kind: SandboxState['kind']
  /** What holds for such a server, for people. */
  stateOf(target: HostedTarget): SandboxState
}

/** The strongest there is on this machine: bubblewrap, when it is there and this kernel lets it work. */
export async function findContainment(options: ContainmentOptions): Promise<Containment> {
  if (process.platform === 'win32') return plain(options, 'Windows has none.')
  const found = findSandbox(options)
  if ('reason' in found) return plain(options, found.reason)
  const sandbox = bubblewrap(options, found)
  const problem = await problemWith(sandbox, options)
  return problem === undefined ? sandbox : plain(options, problem)
}

interface Programs {
  bwrap: string
  /** Absent unless we are root: then servers get a user of their own by this program. */
  setpriv?: string
}

function findSandbox({ searchPath }: ContainmentOptions): Programs | { reason: string } {
  if (process.platform !== 'linux') return { reason: 'Only Linux has one.' }
  const bwrap = findProgram('bwrap', searchPath)
  if (bwrap === undefined) return { reason: 'bubblewrap (the program bwrap) is not installed.' }
  if (process.getuid?.() !== 0) return { bwrap }
  const setpriv = findProgram('setpriv', searchPath)
  if (setpriv === undefined)
    return { reason: 'As root it needs the program setpriv, which is not installed.' }
  return { bwrap, setpriv }
}

function bubblewrap(options: ContainmentOptions, { bwrap, setpriv }: Programs): Containment {
  const { dataDir, hiddenFiles, egressSocket, limits, nodePath } = options
  return {
    kind: 'bwrap',
    contain(launch, spec) {
      const network = spec.network ?? 'filtered'
      const proxy = network === 'filtered' ? proxyVariables() : {}
      const env = { ...launch.env, TMPDIR: '/tmp', ...proxy, ...spec.env }
      const user = setpriv === undefined ? [] : asOwnUser(setpriv, launch.folder)
      const usersFile = setpriv === undefined ? undefined : writeUsersFile(launch)
      const view = {
        ...{ network, dataDir, hiddenFiles, egressSocket, env },
        opened: filesToOpen(launch.command, spec, { folder: dataDir, files: hiddenFiles }),
        nodeFolder: dirname(nodePath),
        workingFolder: launch.folder,
        packageFolder: spec.packageFolder,
        usersFile,
        asRoot: setpriv !== undefined,
      }
      const command = insideShell(launch, limits, network === 'filtered' ? nodePath : undefined)
      return {
        command: bwrap,
        args: ['--args', '3', '--', ...user, ...command],
        // The environment goes in with the arguments, unseen: bubblewrap itself, outside, shall not obey it.
        env: {},
        folder: launch.folder,
        thirdStream: sandboxArguments(view)
          .map((argument) => `${argument}\0`)
          .join(''),
      }
    },
    stateOf: (target) => containerState(target) ?? { kind: 'bwrap', network: target.network ?? 'filtered' },
  }
}

/** A process of the operator, with limits. */
function plain({ limits }: ContainmentOptions, reason: string): Containment {
  return {
    kind: 'none',
    contain(launch, spec) {
      if (spec.network === 'none' || spec.network === 'filtered') throw cannotRestrict(spec, reason)
      if (process.platform === 'win32') return launch
      const [command = '', ...args] = shell(limitsAsShell(limits, false), [], launch)
      return { ...launch, command, args }
    },
    stateOf: (target) =>
      containerState(target) ?? { kind: 'none', network: target.network ?? 'open', reason },
  }
}

function containerState({ package: ref, network }: HostedTarget): SandboxState | undefined {
  return ref?.registryType === 'oci' ? { kind: 'container', network: network ?? 'open' } : undefined
}

function cannotRestrict({ label, network }: { label: string; network?: Network }, reason: string) {
  const message = `"${label}" asks for the network "${network}", and there is no sandbox: ${reason}`
  return new GatewayError('configuration', message, {
    fix: 'Install bubblewrap on the machine of the control plane, or set the server\'s network to "open".',
  })
}

/** A shell that runs the script with these parameters and, as long as the script shifts its own away, becomes the server. */
function shell(script: string, parameters: string[], { command, args }: Launch): string[] {
  return ['/bin/sh', '-c', `${script}exec "$@"`, 'sh', ...parameters, command, ...args]
}

/** It goes to its folder as the server's user: bubblewrap, without root's rights already, may not enter it. */
function insideShell(launch: Launch, limits: HostedLimits, forwarderNode: string | undefined): string[] {
  const script = `cd "$1"; shift; unset PWD OLDPWD; ${limitsAsShell(limits, true)}`
  if (forwarderNode === undefined) return shell(script, [launch.folder], launch)
  // Without the server's environment, as a child of nobody, and beside it: waiting would add its start to the server's,
  // which reads its first message later than the forwarder listens. Where both want a processor, the server has it.
  const forwarder = `(nice -n 10 env -i "$1" --v8-pool-size=0 -e "$2" </dev/null >/dev/null 2>&1 &); shift 2; `
  return shell(script + forwarder, [launch.folder, forwarderNode, FORWARDER_SCRIPT], launch)
}

/** Users above all that systems give out, a stable one for each server, by its folder's name. */
const FIRST_OWN_USER = 0x10000000

/**
 * What belongs to root stays root's even if the sandbox had a hole, servers cannot look at one another, and the limit
 * of processes, which spares root, holds.
 */
function asOwnUser(setpriv: string, folder: string): string[] {
  const user = ownUserOf(folder)
  if (lstatSync(folder).uid !== user) giveTo(user, folder)
  const ids = ['--reuid', String(user), '--regid', String(user), '--clear-groups']
  return [setpriv, ...ids, '--inh-caps=-all', '--']
}

function ownUserOf(folder: string): number {
  return FIRST_OWN_USER + (crc32(basename(folder)) >>> 4)
}

/**
 * What stands for `/etc/passwd` in the sandbox: programs that ask who they are end when nobody knows. It is beside the
 * server's folder and not in it, where the server could put a link in its place.
 */
function writeUsersFile({ folder, env }: Launch): string {
  const user = ownUserOf(folder)
  const users = [
    'root:x:0:0:root:/:/bin/sh',
    'nobody:x:65534:65534:nobody:/:/bin/sh',
    `hosted:x:${user}:${user}:hosted:${env.HOME ?? folder}:/bin/sh`,
  ]
  const file = usersFileOf(folder)
  writeFileSync(file, `${users.join('\n')}\n`, { mode: 0o644 })
  return file
}

function usersFileOf(folder: string): string {
  return `${folder}.passwd`
}

/**
 * All of it: the server may have run without a sandbox before. Links are not followed, they may lead anywhere;
 * reading a folder recursively would follow them.
 */
function giveTo(user: number, path: string): void {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name))
  lchownSync(path, user, user)
}

const PROBE_MS = 5_000

/** Starts a program in the way servers are started: a kernel or a container may forbid what bubblewrap does. */
async function problemWith(sandbox: Containment, options: ContainmentOptions): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-sandbox-'))
  try {
    const exit = Promise.withResolvers<string | undefined>()
    const probe = openHostedProcess(
      {
        command: '/bin/sh',
        args: ['-c', 'exit 0'],
        env: {},
        workingFolder: folder,
        label: 'sandbox',
        network: 'none',
      },
      {
        onLine() {},
        onNoise() {},
        onExit: ({ code, stderrTail }) =>
          exit.resolve(code === 0 ? undefined : `bubblewrap does not work here: ${oneLine(stderrTail)}`),
      },
      { nodePath: options.nodePath, searchPath: options.searchPath, contain: sandbox.contain },
    )
    const timer = setTimeout(() => void probe.stop(), PROBE_MS)
    return await exit.promise.finally(() => clearTimeout(timer))
  } finally {
    for (const path of [folder, usersFileOf(folder)]) rmSync(path, { recursive: true, force: true })
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}
