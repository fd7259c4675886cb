import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PROGRAM } from './program.ts'

const HOME = resolve(import.meta.dirname, '..')

/** The tests run what people run: the dashboard and the program as built, built anew when a source is younger. */
export default function build(): void {
  keepBuilt(
    'dashboard/dist/index.html',
    ['dashboard'],
    ['dashboard/src/**/*', 'dashboard/index.html', 'dashboard/vite.config.ts', 'package.json'],
  )
  keepBuilt(
    PROGRAM,
    ['--config', 'vite.program.config.ts'],
    ['src/**/*', 'vite.program.config.ts', 'package.json'],
  )
}

function keepBuilt(built: string, how: string[], sources: string[]): void {
  const youngest = Math.max(...globSync(sources, { cwd: HOME }).map((name) => changedAt(join(HOME, name))))
  if (changedAt(resolve(HOME, built)) >= youngest) return
  execFileSync(join(HOME, 'node_modules/.bin/vite'), ['build', ...how], { cwd: HOME, stdio: 'pipe' })
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
