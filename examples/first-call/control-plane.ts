import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'

/** The two programs, as they are in this repository. */
export const SERVER_PROGRAM = resolve(
  import.meta.dirname,
  '../../packages/control-plane/dist/mcpgw-server.js',
)
export const BRIDGE_PROGRAM = resolve(import.meta.dirname, '../../packages/bridge/dist/mcpgw.js')

/** Starting, ending or one command takes a second, on a busy machine several; what takes longer than this has no end. */
const STEP_LIMIT_MS = 20_000

type Fields = Record<string, unknown>

/** The control plane as a program of its own, spoken to only by its command line and its admin API. */
export class ControlPlane implements AsyncDisposable {
  readonly url: string
  readonly #dataDir: string
  readonly #program: ChildProcess

  private constructor(program: ChildProcess, dataDir: string, url: string) {
    this.#program = program
    this.#dataDir = dataDir
    this.url = url
  }

  /** Starts it on a free port and resolves when it says that it is ready. */
  static async start(dataDir: string): Promise<ControlPlane> {
    // Servers on this very machine are refused unless the operator allows them.
    const flags = ['--data-dir', dataDir, '--port', '0', '--allow-upstream', '127.0.0.0/8']
    const program = spawn(process.execPath, [SERVER_PROGRAM, 'serve', ...flags], {
      env: environment({ MCPGW_LOG_LEVEL: 'error' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return new ControlPlane(program, dataDir, await readyUrl(program))
  }

  /** Runs one `mcpgw-server` command on the same data folder and gives what it printed as JSON. */
  async command(...words: string[]): Promise<Fields> {
    const args = [SERVER_PROGRAM, '--data-dir', this.#dataDir, ...words, '--json']
    const program = spawn(process.execPath, args, {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_LIMIT_MS,
    })
    const [printed, said, [code]] = await Promise.all([
      text(program.stdout),
      text(program.stderr),
      once(program, 'exit'),
    ])
    if (code !== 0) throw new Error(`mcpgw-server ${words.join(' ')} ended with ${code}: ${said}`)
    return JSON.parse(printed)
  }

  /** One request of the admin API; throws on a refusal. */
  async api(token: string, method: string, path: string, body?: Fields): Promise<Fields> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    })
    const answer = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer}`)
    return answer === '' ? {} : JSON.parse(answer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#program, 'exit')
    if (!this.#program.kill()) return
    const killing = setTimeout(() => this.#program.kill('SIGKILL'), STEP_LIMIT_MS)
    await gone
    clearTimeout(killing)
  }
}

/** Nothing of whoever runs the example but what a program needs to start. */
export function environment(more: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...more }
}

function readyUrl(program: ChildProcess): Promise<string> {
  const killing = setTimeout(() => program.kill('SIGKILL'), STEP_LIMIT_MS)
  return new Promise((ready, reject) => {
    let printed = ''
    program.once('exit', (code) => reject(new Error(`The control plane ended with ${code}.`)))
    program.stdout?.on('data', (chunk) => {
      printed += chunk
      const url = /ready at (\S+)/.exec(printed)?.[1]
      if (url === undefined) return
      clearTimeout(killing)
      ready(url)
    })
  })
}
