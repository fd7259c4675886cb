import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { type Observation, ok, skipped, warning } from './finding.ts'
import type { Scene } from './scene.ts'

const limitMs = 20_000
// Clients wait 5 to 60 seconds for a server to start, and the bridge needs its share.
const slowMs = 3_000

/** How long does it take npx to start? Most clients start the bridge by it. */
export async function checkNpx({ settings, env }: Pick<Scene, 'settings' | 'env'>): Promise<Observation[]> {
  const npx = await findNpx(settings.platform, env)
  if (npx === undefined)
    return [skipped('npx is not in the PATH; clients that start the bridge by it will not find it')]
  const itself = await measure(npx, ['-y', '--prefer-offline', '--version'], env)
  const own = settings.ownWorkspace
  if (own === undefined || itself === undefined || itself > slowMs) return [judge('npx', itself)]
  const entry = ['-y', '--allow-remote=all', own, '--version']
  return [judge('npx', itself), judge('npx with this bridge', await measure(npx, entry, env))]
}

export function judge(what: string, tookMs: number | undefined): Observation {
  const fix =
    'Let the client start the bridge with node and not npx (mcpgw install --launcher node), or see what slows npm down: its registry, its proxy.'
  if (tookMs === undefined)
    return warning(`${what} did not start properly within ${limitMs / 1_000} seconds.`, fix)
  const took = `${what} takes ${(tookMs / 1_000).toFixed(1)} s to start`
  return tookMs > slowMs ? warning(`${took}.`, fix) : ok(took)
}

interface Program {
  readonly file: string
  readonly leadingArguments: readonly string[]
}

async function findNpx(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Promise<Program | undefined> {
  const isWindows = platform === 'win32'
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of folders) {
    const file = join(folder, isWindows ? 'npx.cmd' : 'npx')
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!isThere) continue
    // Windows runs a .cmd through its shell alone. No argument of ours holds anything the shell would read.
    return isWindows
      ? { file: 'cmd.exe', leadingArguments: ['/d', '/c', 'npx'] }
      : { file, leadingArguments: [] }
  }
  return undefined
}

/** Milliseconds from start to a good end; undefined when it failed or took too long. */
function measure(
  { file, leadingArguments }: Program,
  args: readonly string[],
  { MCPGW_TOKEN: _, ...env }: NodeJS.ProcessEnv,
): Promise<number | undefined> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const isGroup = process.platform !== 'win32'
    const child = spawn(file, [...leadingArguments, ...args], { env, stdio: 'ignore', detached: isGroup })
    const timer = setTimeout(() => {
      // npx leaves its child running when only npx is killed.
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      else child.kill()
    }, limitMs)
    const end = (code: number | null) => {
      clearTimeout(timer)
      resolve(code === 0 ? performance.now() - startedAt : undefined)
    }
    child.on('error', () => end(null))
    child.on('exit', end)
  })
}
