import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

const packageFile = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/package.json',
)

/** The program of the real `server-everything`. */
export const EVERYTHING = join(dirname(packageFile), 'dist/index.js')

/** Starts the real `server-everything` over HTTP as a child process; resolves once it listens. */
export async function startEverything(
  transport: 'streamableHttp' | 'sse',
): Promise<AsyncDisposable & { url: string }> {
  const port = await freePort()
  const child = spawn(process.execPath, [EVERYTHING, transport], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  await new Promise<void>((ready, fail) => {
    child.once('exit', (code) => fail(new Error(`server-everything ended with ${code}.`)))
    child.stderr.on('data', (chunk) => {
      if (String(chunk).includes(`port ${port}`)) ready()
    })
  })
  return {
    url: `http://127.0.0.1:${port}/${transport === 'sse' ? 'sse' : 'mcp'}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** The program names no port of its own choosing, so one is chosen for it. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const closed = once(server, 'close')
  server.close()
  await closed
  return typeof address === 'object' && address !== null ? address.port : 0
}
