import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const BRIDGE = resolve(import.meta.dirname, '../../../bridge/dist/mcpgw.js')

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** A running command of the bridge as it was built, and what it has written so far. */
export interface Running extends AsyncDisposable {
  child: ChildProcessWithoutNullStreams
  stdout(): string
  /** Resolves once stdout, or what a terminal shows, holds this. */
  shows(part: string | RegExp): Promise<void>
  ended: Promise<Finished>
}

export interface Place {
  url: string
  token: string
}

/** Nothing of whoever runs the tests, and the two variables that are enough in CI. */
export function environment({ url, token }: Place, more: Record<string, string> = {}) {
  return {
    PATH: process.env.PATH ?? '',
    MCPGW_CONFIG_DIR: join(tmpdir(), 'mcpgw-no-such-folder'),
    MCPGW_STORAGE: 'file',
    MCPGW_WORKSPACE: url,
    MCPGW_TOKEN: token,
    ...more,
  }
}

export function startBridge(args: string[], place: Place, node = process.execPath): Running {
  return watch(spawn(node, [BRIDGE, ...args], { env: environment(place) }))
}

export function runBridge(args: string[], place: Place, input = '', node?: string): Promise<Finished> {
  const running = startBridge(args, place, node)
  running.child.stdin.end(input)
  return running.ended
}

/** The same with a terminal of its own, by script(1). Both of its channels arrive on `stdout`. */
export function startOnTerminal(
  args: string[],
  place: Place,
  { columns = 100, env = {} }: { columns?: number; env?: Record<string, string> } = {},
): Running {
  const words = [process.execPath, BRIDGE, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
  const command = `stty cols ${columns} rows 40; exec ${words.join(' ')}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: environment(place, { TERM: 'xterm-256color', SHELL: '/bin/sh', ...env }),
  })
  return watch(child)
}

function watch(child: ChildProcessWithoutNullStreams): Running {
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    for (const look of waiting) look()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }))
  return {
    child,
    stdout: () => stdout,
    shows: (part) =>
      new Promise((seen, fail) => {
        const look = () => {
          if (!(typeof part === 'string' ? stdout.includes(part) : part.test(stdout))) return
          waiting.delete(look)
          seen()
        }
        waiting.add(look)
        void ended.then(() => fail(new Error(`ended without ${part}: ${stdout}${stderr}`)))
        look()
      }),
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}
