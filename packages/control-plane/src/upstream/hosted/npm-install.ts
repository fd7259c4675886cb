import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GatewayError } from '../../model/error.ts'
import { nameOfPackage } from '../../model/package.ts'
import type { PackageRef } from '../../model/server.ts'
import { findProgram } from './find-program.ts'
import { type HostedExit, type HostedProcess, openHostedProcess } from './hosted-process.ts'
import { explainNpm } from './npm-errors.ts'
import { nodeFlags } from './package-bin.ts'
import type { Reaper } from './reaper.ts'

export interface NpmOptions {
  /** npm runs on it, so that it judges packages by the Node that will run them. */
  nodePath: string
  /** Where `npm` is looked for, in the form of `PATH`. */
  searchPath: string
  /** What npm may know of the operator's environment: where its own settings are, proxies, certificates. */
  env: Record<string, string>
  reaper?: Reaper
  timeoutMs: number
  /** Of all it writes, downloads included. */
  maxBytes: number
}

/** The largest package known takes npm 1 GB. */
const MAX_MEMORY_BYTES = 3 * 1024 * 1024 * 1024

const FLAGS = [
  // Nothing of a package runs before its server is started, and that in the sandbox.
  '--ignore-scripts',
  // Only what a registry has and a checksum in the lockfile holds. Older versions of npm know only the last of these.
  '--allow-git=none',
  '--allow-remote=none',
  '--git=/nonexistent',
  '--omit=dev',
  '--no-workspaces',
  '--package-lock=true',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--no-progress',
  '--loglevel=error',
  '--logs-max=0',
  // npm's own patience is over a minute, and whoever waits here is told and may try again.
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-timeout=60000',
]

/** Runs npm in a folder with a package.json. Rejects with GatewayError; an aborted signal ends npm. */
export async function runNpm(
  command: 'install' | 'ci',
  ref: PackageRef,
  folder: string,
  options: NpmOptions,
  signal: AbortSignal,
): Promise<void> {
  const npm = findNpm(options)
  const args = [...npm.args, command, ...FLAGS, '--cache', join(folder, 'cache')]
  const exit = Promise.withResolvers<HostedExit>()
  const running = openHostedProcess(
    {
      // Servers are other users than we are, and must be able to read what npm writes.
      command: '/bin/sh',
      args: ['-c', 'umask 022; exec "$@"', 'sh', npm.command, ...args],
      env: options.env,
      workingFolder: folder,
      label: 'npm',
    },
    { onLine() {}, onNoise() {}, onExit: exit.resolve },
    { ...options, maxMemoryBytes: MAX_MEMORY_BYTES },
  )
  const stopped = await endedWithin(running, exit.promise, folder, options, signal)
  const { code, stderrTail, reason } = await exit.promise
  if (stopped !== undefined) throw tooMuch(ref, stopped, options)
  if (code !== 0) throw explainNpm(ref, reason ?? stderrTail)
}

/** npm's settings for all users lie beside npm, but npm looks for them beside the Node that runs it. */
function findNpm({ searchPath, nodePath, env }: NpmOptions): { command: string; args: string[] } {
  const found = findProgram('npm', searchPath)
  if (found === undefined) throw withoutNpm()
  const settings = join(dirname(dirname(found)), 'etc/npmrc')
  const isTold = Object.keys(env).some((name) => name.toLowerCase() === 'npm_config_globalconfig')
  const args = !isTold && existsSync(settings) ? [`--globalconfig=${settings}`] : []
  const program = realpathSync(found)
  return nodeFlags(program) === undefined
    ? { command: found, args }
    : { command: nodePath, args: [program, ...args] }
}

function withoutNpm(): GatewayError {
  return new GatewayError('configuration', 'Installing npm packages needs npm, which was not found.', {
    fix: 'Install npm on the machine of the control plane, in one of the folders of its PATH, and check the server again.',
  })
}

type Stopped = 'time' | 'size' | 'closed'

const LOOK_MS = 2_000

/** Resolves when npm has ended: with why we ended it, if we did. */
async function endedWithin(
  running: HostedProcess,
  ended: Promise<HostedExit>,
  folder: string,
  { timeoutMs, maxBytes }: NpmOptions,
  signal: AbortSignal,
): Promise<Stopped | undefined> {
  let stopped: Stopped | undefined
  const stop = (why: Stopped) => {
    stopped ??= why
    void running.stop()
  }
  const timer = setTimeout(() => stop('time'), timeoutMs)
  const look = async () => (await bytesIn(folder)) > maxBytes && stop('size')
  const watch = setInterval(() => void look(), LOOK_MS)
  const close = () => stop('closed')
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  await ended
  clearTimeout(timer)
  clearInterval(watch)
  signal.removeEventListener('abort', close)
  if (stopped === undefined) await look()
  return stopped
}

/** Counted by a program of the system: to look at tens of thousands of files here would hold up everybody. */
function bytesIn(folder: string): Promise<number> {
  return new Promise((resolve) => {
    execFile('du', ['-sk', folder], { env: { PATH: '/usr/bin:/bin' } }, (_, stdout) =>
      resolve(Number.parseInt(stdout, 10) * 1024 || 0),
    )
  })
}

function tooMuch(ref: PackageRef, stopped: Stopped, { timeoutMs, maxBytes }: NpmOptions): GatewayError {
  const what = `Installing the npm package ${nameOfPackage(ref)}`
  if (stopped === 'closed') return new GatewayError('cancelled', `${what} was stopped.`)
  if (stopped === 'time')
    return new GatewayError('upstream_timeout', `${what} took more than ${timeoutMs / 60_000} minutes.`, {
      fix: 'Check that the machine of the control plane reaches the npm registry quickly, then check the server again.',
    })
  return new GatewayError('too_large', `${what} takes more than ${Math.round(maxBytes / 1024 ** 2)} MiB.`, {
    fix: 'Use a smaller package, or install it yourself and add the server by its command.',
  })
}
