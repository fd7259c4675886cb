import { GatewayError } from '../../model/error.ts'
import { imageOf } from '../../model/package.ts'
import type { HostedTarget, PackageRef } from '../../model/server.ts'
import { findProgram } from './find-program.ts'
import type { HostedLimits } from './limits.ts'
import type { HostedProgram } from './package-programs.ts'

interface Engines {
  searchPath: string
  engineEnv: Record<string, string>
  limits: HostedLimits
}

const ENGINES = ['docker', 'podman']

/**
 * A container with the limits that other hosted servers have. Values of the environment go to the engine by name, so
 * that they are on no command line. Throws where there is no engine, or what it cannot restrict was asked for.
 */
export function containerProgram(target: HostedTarget, ref: PackageRef, engines: Engines): HostedProgram {
  const command = ENGINES.map((name) => findProgram(name, engines.searchPath)).find(
    (path) => path !== undefined,
  )
  if (command === undefined) throw withoutEngine()
  requireNetwork(target)
  const names = Object.keys(target.env)
  for (const name of names) requireOfServer(name)
  const { maxMemoryBytes, maxProcesses } = engines.limits
  return {
    command,
    before: [
      ...['run', '--rm', '--interactive', '--init'],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
      ...['--memory', String(maxMemoryBytes), '--memory-swap', String(maxMemoryBytes)],
      ...['--pids-limit', String(maxProcesses)],
      ...['--network', target.network === 'none' ? 'none' : 'bridge'],
      // Results of tools would be kept there.
      ...['--log-driver', 'none'],
      ...names.flatMap((name) => ['--env', name]),
      imageOf(ref),
    ],
    args: target.args,
    env: engines.engineEnv,
    isContainer: true,
  }
}

function withoutEngine(): GatewayError {
  return new GatewayError(
    'configuration',
    'Images are run by docker or podman, and neither was found on the machine of the control plane.',
    { fix: 'Install one of them in a folder of the PATH of the control plane, and check the server again.' },
  )
}

function requireNetwork({ network }: HostedTarget): void {
  if (network !== 'filtered') return
  throw new GatewayError('configuration', 'The network of a container cannot be filtered.', {
    fix: 'Set the server\'s network to "none", or to "open".',
  })
}

/** What would change what the engine's own program does. */
const OF_ENGINES =
  /^(?:DOCKER_|BUILDKIT_|CONTAINERS?_|PODMAN_|REGISTRY_AUTH|XDG_|HOME$|TMPDIR$|(?:HTTPS?|NO|ALL)_PROXY$)/i

function requireOfServer(name: string): void {
  if (!OF_ENGINES.test(name)) return
  throw new GatewayError('configuration', `The variable "${name}" cannot be given to a container.`, {
    fix: 'Remove the server and add it again without that variable.',
  })
}
