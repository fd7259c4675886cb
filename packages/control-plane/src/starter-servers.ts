import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { StarterServer } from './manage/setup.ts'
import type { HostedTarget } from './model/server.ts'

/** What a new installation is tried with: servers that need neither a network, once they are installed, nor a credential. */
export function starterServers(): StarterServer[] {
  return Object.entries(STARTERS).map(([name, target]) => {
    const { command, package: ref, args, env } = target()
    return ref === undefined ? { name, command, args, env } : { name, package: ref, args, env }
  })
}

export const STARTERS = {
  everything: () => packageServer('@modelcontextprotocol/server-everything', ['stdio']),
  time: () => packageServer('time-mcp', []),
}

/** As in pnpm-workspace.yaml. */
export const STARTER_VERSIONS = {
  '@modelcontextprotocol/server-everything': '2026.8.31',
  '@modelcontextprotocol/server-filesystem': '2026.8.31',
  '@modelcontextprotocol/server-memory': '2026.8.31',
  'time-mcp': '1.0.6',
}

/**
 * A server that is the command of an npm package. A checkout has the package, and starts it without a network; elsewhere
 * it is installed from the registry when it is first started.
 */
export function packageServer(
  identifier: keyof typeof STARTER_VERSIONS,
  args: string[],
  env: Record<string, string> = {},
): HostedTarget {
  const manifestFile = manifestOf(identifier)
  if (manifestFile !== undefined)
    return { kind: 'hosted', command: 'node', args: [entryOf(manifestFile), ...args], env }
  const ref = { registryType: 'npm' as const, identifier, version: STARTER_VERSIONS[identifier] }
  return { kind: 'hosted', command: 'npx', args, env, package: ref }
}

function manifestOf(packageName: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(packageName) ?? []
  return folders.map((folder) => join(folder, packageName, 'package.json')).find(existsSync)
}

/** The file behind a package's command. */
function entryOf(manifestFile: string): string {
  const { bin } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { bin: string | Record<string, string> }
  const entry = typeof bin === 'string' ? bin : Object.values(bin)[0]
  return resolve(dirname(manifestFile), entry ?? 'index.js')
}
