/** The npm of the machine, with a home and a cache of its own: nothing is left from an earlier start. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

export type Environment = Readonly<Record<string, string>>

/** Where the machine's own Node and npm are, without those that this repository installs for itself. */
const systemPath = (process.env.PATH ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':')

/** Version 12 and later refuse packages from a URL unless they are told. */
const npmMajor = Number.parseInt(
  execFileSync('npm', ['--version'], { env: { PATH: systemPath } }).toString(),
  10,
)

export interface Home extends Disposable {
  readonly folder: string
  readonly env: Environment
}

export function openHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-npx-'))
  const env = {
    PATH: systemPath,
    HOME: folder,
    MCPGW_STORAGE: 'file',
    npm_config_update_notifier: 'false',
    ...(npmMajor >= 12 && { npm_config_allow_remote: 'all' }),
  }
  return { folder, env, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface NpxOptions {
  readonly home: Home
  readonly env?: Environment
  readonly input?: string
  /** The script of another npx, run by the Node that runs the tests. */
  readonly npxScript?: string
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/** `npx -y …` until it ends by itself. */
export async function runNpx(args: readonly string[], options: NpxOptions): Promise<Ended> {
  const startedAt = performance.now()
  const child = spawnNpx(args, options)
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  child.stdin.end(options.input ?? '')
  const [code] = await once(child, 'close')
  return { code, ...said, tookMs: performance.now() - startedAt }
}

export interface Answer {
  readonly id?: unknown
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number; readonly message: string }
}

/** `npx -y …` as an AI client runs it: one JSON-RPC message per line, in and out. */
export interface NpxSession extends AsyncDisposable {
  /** Everything that came on stdout. */
  readonly lines: readonly string[]
  stderr(): string
  request(method: string, params: Record<string, unknown>): Promise<Answer>
  notify(method: string): void
}

export function startNpx(args: readonly string[], options: NpxOptions): NpxSession {
  const child = spawnNpx(args, options)
  const lines: string[] = []
  const waiting = new Map<unknown, (answer: Answer) => void>()
  let stderr = ''
  let lastId = 0
  const closed = once(child, 'close')
  child.stderr.on('data', (chunk) => (stderr += chunk))
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    const answer: Answer = JSON.parse(line)
    waiting.get(answer.id)?.(answer)
  })
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

  return {
    lines,
    stderr: () => stderr,
    request(method, params) {
      const id = ++lastId
      send({ id, method, params })
      const ended = closed.then(() => Promise.reject(new Error(`npx ended before its answer: ${stderr}`)))
      return Promise.race([new Promise<Answer>((resolve) => waiting.set(id, resolve)), ended])
    },
    notify: (method) => void send({ method }),
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await closed
    },
  }
}

export function initialize(session: NpxSession): Promise<Answer> {
  const clientInfo = { name: 'client', version: '1' }
  return session.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
}

function spawnNpx(
  args: readonly string[],
  { home, env, npxScript }: NpxOptions,
): ChildProcessWithoutNullStreams {
  if (npxScript === undefined)
    return spawn('npx', ['-y', ...args], { env: { ...home.env, ...env }, cwd: home.folder })
  const PATH = `${dirname(process.execPath)}:${systemPath}`
  return spawn(process.execPath, [npxScript, '-y', ...args], {
    env: { ...home.env, PATH, ...env },
    cwd: home.folder,
  })
}
