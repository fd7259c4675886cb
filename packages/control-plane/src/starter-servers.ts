import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { StarterServer } from './manage/setup.ts'
import { GatewayError } from './model/error.ts'
import type { HostedTarget } from './model/server.ts'

/**
 * What a new installation is tried with: servers that need neither a network nor a credential. Throws `configuration`
 * where their packages are not installed.
 */
export function starterServers(): StarterServer[] {
  return Object.entries(STARTERS).map(([name, target]) => {
    const { command, args, env } = target()
    return { name, command, args, env }
  })
}

/** The packages are dependencies of this repository, so that they start without a network. */
export const STARTERS = {
  everything: () => nodeServer('@modelcontextprotocol/server-everything', ['stdio']),
  time: () => nodeServer('time-mcp', []),
}

/** A server that is the command of an npm package, run by our own Node. */
export function nodeServer(
  packageName: string,
  args: string[],
  env: Record<string, string> = {},
): HostedTarget {
  return { kind: 'hosted', command: 'node', args: [entryOf(packageName), ...args], env }
}

/** The file behind a package's command. */
function entryOf(packageName: string): string {
  const manifestFile = manifestOf(packageName)
  const { bin } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { bin: string | Record<string, string> }
  const entry = typeof bin === 'string' ? bin : Object.values(bin)[0]
  return resolve(dirname(manifestFile), entry ?? 'index.js')
}

function manifestOf(packageName: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(packageName) ?? []
  const found = folders.map((folder) => join(folder, packageName, 'package.json')).find(existsSync)
  if (found !== undefined) return found
  throw new GatewayError(
    'configuration',
    `This needs the npm package ${packageName}, which is not installed.`,
    {
      fix: 'Start from a checkout of the repository, with npm start or npm run serve.',
    },
  )
}
