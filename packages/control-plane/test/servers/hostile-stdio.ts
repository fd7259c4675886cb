/**
 * Does whatever it is told, as a program that was taken over would. Tools: `run` starts Node with a script and gives
 * what that printed; `evaluate` runs code in the server itself, with `require` and the `id` of its request, and gives its value. Each start leaves a line in `starts`.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { serveLegacyStdio } from './legacy-stdio.ts'

appendFileSync('starts', `${process.pid}\n`)

function run({ script }: Record<string, unknown>): unknown {
  const { stdout, stderr, error } = spawnSync(process.execPath, ['-e', String(script)], { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}${error ?? ''}`.trim()
}

function evaluate({ code }: Record<string, unknown>, id: string | number): unknown {
  return new Function('require', 'id', String(code))(createRequire(import.meta.url), id)
}

serveLegacyStdio({ name: 'hostile', tools: { run, evaluate, echo: (args) => args } })
