import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type Fixture = AsyncDisposable & { url: string }

/** Starts one of the two fixture servers as a child process; resolves once it listens. Disposing ends it. */
export async function startFixture(era: 'legacy' | 'modern'): Promise<Fixture> {
  const program = fileURLToPath(new URL(`./${era}-server.ts`, import.meta.url))
  const child = fork(program, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: [] })
  const exited = once(child, 'exit')
  return {
    url: await firstLine(child.stdout, exited),
    async [Symbol.asyncDispose]() {
      child.kill()
      await exited
    },
  }
}

async function firstLine(stdout: NodeJS.ReadableStream | null, exited: Promise<unknown>): Promise<string> {
  if (stdout === null) throw new Error('The fixture server has no stdout.')
  const ended = exited.then(() =>
    Promise.reject(new Error('The fixture server ended before it printed its URL.')),
  )
  const [line] = await Promise.race([once(createInterface(stdout), 'line'), ended])
  return String(line)
}
