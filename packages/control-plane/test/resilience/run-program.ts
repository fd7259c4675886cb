import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { PROGRAM } from '../program.ts'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the program until it ends by itself; one that is still there after the limit is killed, with code null. */
export async function runProgram(
  args: string[],
  env: Record<string, string> = {},
  limitMs = 10_000,
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...COMPILE_CACHE, PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const [code] = await once(child, 'close')
  clearTimeout(limit)
  return { code, ...said }
}
