import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The oldest Node the bridge promises to run on, where this machine has one. */
export function findNode20(): string | undefined {
  if (process.env.MCPGW_TEST_NODE20 !== undefined) return process.env.MCPGW_TEST_NODE20
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  return folders
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path) && versionOf(path).startsWith('v20.'))
}

function versionOf(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' })
}
