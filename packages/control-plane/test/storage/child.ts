import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Program extends AsyncDisposable {
  readonly process: ChildProcess
  /** What it prints, line by line. */
  readonly lines: AsyncIterator<string>
  readonly exited: Promise<unknown>
}

/** Runs one of `programs/` in a process of its own. */
export function startProgram(name: string, ...args: string[]): Program {
  const path = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  return {
    process: child,
    lines: createInterface(child.stdout)[Symbol.asyncIterator](),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
