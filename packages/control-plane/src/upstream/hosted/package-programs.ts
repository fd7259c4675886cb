import { GatewayError } from '../../model/error.ts'
import { nameOfPackage, problemWithPackage } from '../../model/package.ts'
import type { HostedTarget } from '../../model/server.ts'
import { containerProgram } from './container-program.ts'
import type { HostedLimits } from './limits.ts'
import type { NpmStore } from './npm-store.ts'
import { packageBin } from './package-bin.ts'

/** What is started for a hosted server. */
export interface HostedProgram {
  command: string
  /** Come before the target's own arguments, and hold nothing of its owner's or of a credential. */
  before: string[]
  /** The target's own. */
  args: string[]
  /** Of a container's engine, beside what the target names. */
  env?: Record<string, string>
  /** Where its package is installed. */
  packageFolder?: string
  isContainer?: boolean
}

export interface PackagePrograms {
  /** Rejects with GatewayError. An npm package is installed first, which can take minutes. */
  programOf(target: HostedTarget): Promise<HostedProgram>
  /** What is being done before it can be started, for people. */
  progressOf(target: HostedTarget): string | undefined
}

export interface PackageProgramsOptions {
  npm: NpmStore
  /** Where engines of containers are looked for, in the form of `PATH`. */
  searchPath: string
  /** What engines may know of the operator's environment: where they listen. */
  engineEnv: Record<string, string>
  limits: HostedLimits
}

export function createPackagePrograms(options: PackageProgramsOptions): PackagePrograms {
  return {
    async programOf(target) {
      const { package: ref, command, args } = target
      if (ref === undefined) return { command, before: [], args }
      const problem = problemWithPackage(ref)
      if (problem !== undefined)
        throw new GatewayError(
          'configuration',
          `The package ${nameOfPackage(ref)} cannot be run: ${problem}.`,
          {
            fix: 'Remove the server and add it again with one exact version.',
          },
        )
      if (ref.registryType === 'oci') return containerProgram(target, ref, options)
      // uv keeps what it fetched in the server's own folder.
      if (ref.registryType === 'pypi')
        return { command: 'uvx', before: ['--no-config', `${ref.identifier}@${ref.version}`], args }
      const packageFolder = await options.npm.folderOf(ref)
      return { ...packageBin(packageFolder, ref.identifier, args), packageFolder }
    },
    progressOf({ package: ref }) {
      if (ref?.registryType !== 'npm' || !options.npm.isInstalling(ref)) return undefined
      return `The npm package ${nameOfPackage(ref)} is being installed, which can take some minutes.`
    },
  }
}
