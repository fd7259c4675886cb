/**
 * Makes a month of calls on SQLite and on PostgreSQL, starts the control plane on it, and asks what the pages of a
 * dashboard ask, over HTTP: how long each takes, and whether calls are held up meanwhile. README.md tells the options.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStorage } from '../packages/control-plane/src/storage/open-storage.ts'
import { ControlPlane } from '../packages/control-plane/test/control-plane.ts'
import { makeMonth } from '../packages/control-plane/test/month/make-month.ts'
import { startPostgres } from '../packages/control-plane/test/postgres.ts'
import type { HttpJob } from './load.ts'
import type { Figures } from './measure-calls.ts'
import { monthQueries } from './month-queries.ts'
import { usageOf } from './process-usage.ts'
import { endAll, start } from './processes.ts'
import { TOOL_COUNT } from './scenarios.ts'
import { startUpstream, type Target } from './targets.ts'

const TIMES = 20
const READY_WITHIN_MS = 20_000
const LIMIT_MS = 300
const SLUG = 'acme'
/** Few enough that a call waits for no other. */
const CALLERS = 2
const CALL_SECONDS = 8

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000000' },
    'database-url': { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
})
const calls = Number(options.calls)
if (!(calls >= 1_000)) throw new Error('--calls is a number, 1000 at least.')
const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'mcpgw-month-'))
mkdirSync(folder, { recursive: true })
if (options.keep === undefined) process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const now = Date.now()
// A database that is kept opens again only with the key it was made with.
const keyFile = join(folder, 'master.key')
if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 })

interface Took {
  times: number[]
  /** Of the program, for one query; where the database is another program, without it. */
  cpuMs: number
}

const results: { name: string; took: Map<string, Took>; quiet: Figures; asked: Figures }[] = []
const upstream = await startUpstream('modern')
const load = start('others', 'load.ts', [])
if (options.only !== 'postgres') await measure('SQLite', undefined)
if (options.only !== 'sqlite') await measurePostgres()
await endAll()
print(queriesTable())
print(callsTable())

async function measurePostgres(): Promise<void> {
  if (options['database-url'] !== undefined) return measure('PostgreSQL', options['database-url'])
  await using postgres = await startPostgres()
  if (postgres !== undefined) await measure('PostgreSQL', await postgres.url())
}

async function measure(name: string, databaseUrl: string | undefined): Promise<void> {
  const dataDir = join(folder, name.toLowerCase())
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  await make(name, databaseUrl ?? `sqlite:${join(dataDir, 'mcpgw.db')}`)
  await using plane = await ControlPlane.start({
    dataDir,
    args: ['--hosting', 'off', ...(databaseUrl === undefined ? [] : ['--database-url', databaseUrl])],
    env: { MCPGW_MASTER_KEY_FILE: keyFile, MCPGW_LOG_LEVEL: 'error' },
  })
  await addMock(plane)
  const token = await plane.token(SLUG, { expiresIn: 86_400 })
  const target: Target = { name: 'mcpgw', url: `${plane.url}/ws/${SLUG}`, prefix: 'mock__', pid: plane.pid }
  const took = await askEach(plane)
  const quiet = await call(target, token)
  const asked = await callWhileAsked(plane, target, token)
  const verdict = await plane.api('GET', `/workspaces/${SLUG}/audit/verify`)
  if (verdict.ok !== true) throw new Error(`The log is not whole: ${JSON.stringify(verdict)}`)
  results.push({ name, took, quiet, asked })
}

async function addMock(plane: ControlPlane): Promise<void> {
  await plane.tryApi('DELETE', `/workspaces/${SLUG}/servers/mock`)
  const server = `/workspaces/${SLUG}/servers/mock`
  const headers = { Authorization: 'Bearer {{TOKEN}}' }
  await plane.api('POST', `/workspaces/${SLUG}/servers`, { name: 'mock', url: upstream.url, headers })
  await plane.api('PUT', `${server}/credential`, { values: { TOKEN: randomBytes(30).toString('base64url') } })
  for (const deadline = performance.now() + READY_WITHIN_MS; performance.now() < deadline; await delay(100)) {
    const { status, tools } = await plane.api('GET', server)
    if (status === 'ready' && tools === TOOL_COUNT) return
  }
  throw new Error('The mock server did not become ready.')
}

async function make(name: string, url: string): Promise<void> {
  const begin = performance.now()
  await using storage = await openStorage({ url, clock: { now: () => now } })
  if ((await storage.workspaces.bySlug(SLUG)) !== undefined) return
  await makeMonth({ storage, workspace: { slug: SLUG, name: 'Acme' }, seed: 1, calls, now })
  process.stderr.write(
    `${name}: ${calls} calls made in ${((performance.now() - begin) / 1_000).toFixed(1)} s\n`,
  )
}

async function askEach(plane: ControlPlane): Promise<Map<string, Took>> {
  const took = new Map<string, Took>()
  for (const [title, path] of await queries(plane)) {
    const times: number[] = []
    const before = usageOf(plane.pid).cpuMicros
    for (let time = 0; time < TIMES; time += 1) times.push(await ask(plane, path))
    const cpuMs = (usageOf(plane.pid).cpuMicros - before) / 1_000 / TIMES
    took.set(title, { times, cpuMs })
    process.stderr.write(
      `${title}: ${percentile(times, 0.5).toFixed(0)} ms, p95 ${percentile(times, 0.95).toFixed(0)} ms, CPU ${cpuMs.toFixed(0)} ms\n`,
    )
  }
  return took
}

async function queries(plane: ControlPlane): Promise<[string, string][]> {
  // One of a rare member, from the middle of the month.
  const { items } = await plane.api('GET', `/workspaces/${SLUG}/audit?member=kofi&kind=call&limit=1`)
  const requestId = String((items as { requestId?: string }[])[0]?.requestId)
  return monthQueries(`/workspaces/${SLUG}`, now, requestId)
}

async function ask(plane: ControlPlane, path: string): Promise<number> {
  const begin = performance.now()
  await plane.api('GET', path)
  return performance.now() - begin
}

async function callWhileAsked(plane: ControlPlane, target: Target, token: string): Promise<Figures> {
  const all = await queries(plane)
  const called = call(target, token)
  let isOver = false
  void called.finally(() => {
    isOver = true
  })
  while (!isOver) for (const [, path] of all) if (!isOver) await ask(plane, path)
  return called
}

async function call(target: Target, token: string): Promise<Figures> {
  const job: HttpJob = {
    kind: 'http',
    target,
    era: 'modern',
    token,
    ask: 'small',
    callers: CALLERS,
    seconds: CALL_SECONDS,
  }
  load.send(job)
  // Our own process answers, with what belongs to the job.
  const [answer] = (await once(load, 'message')) as [{ figures: Figures } | { problem: string }]
  if ('figures' in answer) return answer.figures
  throw new Error(answer.problem)
}

function queriesTable(): string {
  const titles = [...(results[0]?.took.keys() ?? [])]
  const rows = titles.map((title) => {
    const cells = results.flatMap(({ took }) => {
      const { times, cpuMs } = took.get(title) ?? { times: [], cpuMs: Number.NaN }
      return [percentile(times, 0.5), percentile(times, 0.95), cpuMs].map((ms) => ms.toFixed(0))
    })
    return [title, ...cells]
  })
  const over = results.flatMap(({ name, took }) =>
    [...took]
      .filter(([, { times }]) => percentile(times, 0.95) >= LIMIT_MS)
      .map(([title]) => `${name}: ${title}`),
  )
  const head = ['query', ...results.flatMap(({ name }) => [`${name} p50 ms`, 'p95 ms', 'CPU ms'])]
  const verdict =
    over.length === 0 ? `All below ${LIMIT_MS} ms.` : `Not below ${LIMIT_MS} ms: ${over.join('; ')}.`
  return `### ${calls} calls in a month, each query ${TIMES} times over HTTP\n\n${table(head, rows)}\n\n${verdict}\n`
}

function callsTable(): string {
  const line = (name: string, { callsPerSecond, p50Ms, p99Ms }: Figures) => [
    name,
    callsPerSecond.toFixed(0),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
  ]
  const rows = results.flatMap(({ name, quiet, asked }) => [
    line(`${name}, nobody asks`, quiet),
    line(`${name}, queries without end`, asked),
  ])
  return `### small calls meanwhile, ${CALLERS} callers\n\n${table(['', 'calls/s', 'p50 ms', 'p99 ms'], rows)}\n`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `| --- |${' ---: |'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Number.NaN
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
