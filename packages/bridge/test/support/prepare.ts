import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bridgeFile } from './bridge-process.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the bundle, and gives the tests one temporary folder that is removed when all are done. */
export default function prepare(): () => void {
  buildWhenStale()
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-tests-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

/** The tests run what is published: the bundle, built anew when a source is younger. */
function buildWhenStale(): void {
  const sources = globSync(['src/**/*.ts', 'tsup.config.ts', 'package.json'], { cwd: home })
  const youngest = Math.max(...sources.map((name) => statSync(join(home, name)).mtimeMs))
  const built = statSync(bridgeFile, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built < youngest) execFileSync(join(home, 'node_modules/.bin/tsup'), { cwd: home, stdio: 'pipe' })
}
