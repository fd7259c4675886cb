import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from './model/clock.ts'
import type { HostedTarget, SandboxState, Server } from './model/server.ts'
import type { OpenThings } from './open-things.ts'
import type { OperatorEnv } from './operator-env.ts'
import type { AddressGuard } from './upstream/address-guard.ts'
import type { ConnectOptions } from './upstream/connect.ts'
import { egressSocketPath, openEgressProxy } from './upstream/hosted/egress-proxy.ts'
import { type NpmStore, openNpmStore } from './upstream/hosted/npm-store.ts'
import { createPackagePrograms } from './upstream/hosted/package-programs.ts'
import { isWithin } from './upstream/hosted/program-files.ts'
import { startReaper } from './upstream/hosted/reaper.ts'
import { findContainment } from './upstream/hosted/sandbox.ts'

export interface HostingOptions {
  dataDir: string
  /** Files that no server may see, wherever they are. */
  otherSecretFiles: readonly string[]
  hostedMemoryMiB: number
  hostedProcesses: number
  searchPath: string
  operatorEnv?: OperatorEnv
  guard: AddressGuard
  clock: Clock
}

/** Everything that hosted servers are run with. */
export type Hosting = NonNullable<ConnectOptions['hosting']> & {
  npm: NpmStore
  sandboxOf(target: HostedTarget): SandboxState
}

/** Finds the strongest sandbox of this machine, and opens what goes with it. */
export async function openHosting(options: HostingOptions, opened: OpenThings): Promise<Hosting> {
  const { searchPath, operatorEnv, clock, guard } = options
  // What is closed to servers is closed by where it really is, whatever links lead there.
  const dataDir = realpathSync(options.dataDir)
  const maxMemoryBytes = options.hostedMemoryMiB * 1024 * 1024
  const limits = { maxMemoryBytes, maxProcesses: options.hostedProcesses }
  const egressSocket = egressSocketPath(dataDir)
  const containment = await findContainment({
    nodePath: process.execPath,
    searchPath,
    dataDir,
    hiddenFiles: options.otherSecretFiles.filter((path) => !isWithin(path, dataDir)),
    egressSocket,
    limits,
  })
  if (containment.kind === 'bwrap') opened.add(await openEgressProxy({ socketPath: egressSocket, guard }))
  const programs = { nodePath: process.execPath, searchPath, reaper: opened.add(startReaper()) }
  const folder = join(dataDir, 'packages', 'npm')
  const npm = opened.add(openNpmStore({ ...programs, folder, clock, env: operatorEnv?.npm ?? {} }))
  return {
    ...programs,
    npm,
    packages: createPackagePrograms({ npm, searchPath, engineEnv: operatorEnv?.engine ?? {}, limits }),
    maxMemoryBytes,
    contain: containment.contain,
    sandboxOf: containment.stateOf,
    workingFolder: (server: Server) => join(dataDir, 'hosted', server.id),
  }
}
