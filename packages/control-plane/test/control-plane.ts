import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mintToken } from '../src/access/token-format.ts'
import { COMPILE_CACHE } from './compile-cache.ts'
import { PROGRAM } from './program.ts'

export interface StartOptions {
  args?: string[]
  env?: Record<string, string>
  /** Another copy of the program, such as one that was installed. */
  program?: string
  /** What starts the program in place of the system, such as `['prlimit', '--nofile=256']` or `unshare`. */
  launcher?: string[]
  /** Kept after the end; made and removed when absent. */
  dataDir?: string
  /** Starts without an owner: the program prints the link that makes one. */
  withoutOwner?: boolean
  /** Ranges that servers may be in, beside the Internet; the loopback's when absent. */
  allowUpstreams?: string[]
}

/** The real program as a child process, with an owner token and an empty data folder. */
export class ControlPlane implements AsyncDisposable {
  readonly dataDir: string
  readonly ownerToken: string
  readonly #options: StartOptions
  #child: ChildProcess | undefined
  #port = 0
  stdout = ''
  stderr = ''

  private constructor(dataDir: string, ownerToken: string, options: StartOptions) {
    this.dataDir = dataDir
    this.ownerToken = ownerToken
    this.#options = options
  }

  static async start(options: StartOptions = {}): Promise<ControlPlane> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'mcpgw-test-')))
    const plane = new ControlPlane(dataDir, mintToken({ bytes: randomBytes }), options)
    await plane.start()
    return plane
  }

  /** Starts the program, again on the same port after a `kill`. Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const { args = [], env = {}, launcher = [], withoutOwner = false, program = PROGRAM } = this.#options
    const { allowUpstreams = ['127.0.0.0/8', '::1/128'] } = this.#options
    const flags = [
      '--data-dir',
      this.dataDir,
      '--port',
      String(this.#port),
      ...(allowUpstreams.length > 0 ? ['--allow-upstream', ...allowUpstreams] : []),
    ]
    const [command = process.execPath, ...rest] = [
      ...launcher,
      process.execPath,
      program,
      'serve',
      ...flags,
      ...args,
    ]
    const child = spawn(command, rest, {
      env: {
        ...COMPILE_CACHE,
        PATH: process.env.PATH,
        HOME: this.dataDir,
        ...(!withoutOwner && { MCPGW_OWNER_TOKEN: this.ownerToken }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.stdout = ''
    child.stderr?.on('data', (chunk) => {
      this.stderr += chunk
    })
    await new Promise<void>((ready, reject) => {
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${this.stderr}`)))
      child.stdout?.on('data', (chunk) => {
        this.stdout += chunk
        const port = /ready at http:\/\/[^:]+:(\d+)/.exec(this.stdout)?.[1]
        if (port === undefined) return
        this.#port = Number(port)
        ready()
      })
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** The running program, for tests that send it signals and look at its end. */
  get process(): ChildProcess {
    if (this.#child === undefined) throw new Error('The control plane was not started.')
    return this.#child
  }

  /** Ends the program and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  /** One request of the admin API, as the owner unless told otherwise; throws on a refusal. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    token = this.ownerToken,
  ): Promise<Record<string, unknown>> {
    const { status, body: answer } = await this.tryApi(method, path, body, token)
    // What the caller is not told of an error inside stands in the program's own log.
    const log = status >= 500 ? `\n${this.stderr.slice(-2_000)}` : ''
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}${log}`)
    return answer
  }

  async tryApi(
    method: string,
    path: string,
    body?: unknown,
    token = this.ownerToken,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(method !== 'GET' && { 'content-type': 'application/json' }),
      },
      ...(method !== 'GET' && { body: JSON.stringify(body ?? {}) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }

  /** Makes a workspace; answers its MCP URL and a developer token for it. */
  async workspace(slug: string): Promise<{ slug: string; url: string; token: string }> {
    await this.api('POST', '/workspaces', { slug, name: slug })
    return { slug, url: `${this.url}/ws/${slug}`, token: await this.token(slug) }
  }

  async token(slug: string, more: Record<string, unknown> = {}): Promise<string> {
    const issued = await this.api('POST', `/workspaces/${slug}/tokens`, {
      name: 'test',
      member: 'tester',
      role: 'developer',
      ...more,
    })
    return String(issued.token)
  }

  /** Adds a server and waits until it was met and listed. */
  async addServer(slug: string, server: Record<string, unknown>): Promise<Record<string, unknown>> {
    await this.api('POST', `/workspaces/${slug}/servers`, server)
    return this.api('POST', `/workspaces/${slug}/servers/${server.name}/check`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    if (this.#options.dataDir === undefined) await rm(this.dataDir, { recursive: true, force: true })
  }
}
