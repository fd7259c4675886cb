import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Heard } from './script.ts'

const PROGRAM = resolve(import.meta.dirname, 'scripted-stdio.ts')

/** How the control plane starts the scripted server as a hosted process, and what it heard then. */
export function scriptedProcess(era: 'legacy' | 'modern') {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-scripted-'))
  // In a sandbox the server is another user, to whom an argument opens this folder.
  chmodSync(folder, 0o777)
  const log = join(folder, 'heard.jsonl')
  return {
    command: 'node',
    args: [PROGRAM, era, folder],
    heard(): Heard[] {
      try {
        const lines = readFileSync(log, 'utf8').split('\n')
        return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Heard)
      } catch {
        return []
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
