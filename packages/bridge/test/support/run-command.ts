import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { bridgeFile } from './bridge-process.ts'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command of the bundle to its end. */
export async function runCommand(
  args: readonly string[],
  options: { env: Record<string, string>; input?: string },
): Promise<Finished> {
  return finish(spawn(process.execPath, [bridgeFile, ...args], { env: options.env }), options.input)
}

export async function finish(child: ReturnType<typeof spawn>, input = ''): Promise<Finished> {
  child.stdin?.on('error', () => undefined).end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}
