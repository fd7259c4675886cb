import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const HOME = resolve(import.meta.dirname, '../..')
const SOURCES = ['dashboard/src/**/*', 'dashboard/index.html', 'dashboard/vite.config.ts', 'package.json']

/** The tests open what is served to people: the dashboard as it is built, built anew when a source is younger. */
export default function buildDashboard(): void {
  const youngest = Math.max(...globSync(SOURCES, { cwd: HOME }).map((name) => changedAt(join(HOME, name))))
  if (changedAt(join(HOME, 'dashboard/dist/index.html')) >= youngest) return
  execFileSync(join(HOME, 'node_modules/.bin/vite'), ['build', 'dashboard'], { cwd: HOME, stdio: 'pipe' })
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
