/** Measures the gateway beside the least that could stand in its place. README.md tells the options and the columns. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mintToken } from '../packages/control-plane/src/access/token-format.ts'
import type { BridgeFigures, BridgeJob } from './bridge-load.ts'
import type { HttpJob } from './load.ts'
import type { Figures } from './measure-calls.ts'
import { endAll, isPinned, nodeCommand, start } from './processes.ts'
import { bridgeTable, type Round, scenarioTable } from './report.ts'
import { type Era, rpcHeaders } from './rpc-requests.ts'
import { scenarios } from './scenarios.ts'
import { startGateway, startProxy, startUpstream } from './targets.ts'

const WARM_UP_SECONDS = 3
const BRIDGE = '../packages/bridge/dist/mcpgw.js'
/** A file system in memory, where a commit is durable in name only. */
const TMPFS = 0x01021994

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    callers: { type: 'string', default: '16' },
    era: { type: 'string', default: 'legacy' },
    bridge: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
if (options.era !== 'legacy' && options.era !== 'modern') throw new Error('--era is legacy or modern.')
const era: Era = options.era
const rounds = Array.from({ length: positive('rounds') }, (_, index) => index + 1)
const [seconds, callers] = [positive('seconds'), positive('callers')]
const token = mintToken({ bytes: (count) => randomBytes(count) })
const folder = mkdtempSync(join(tmpdir(), 'mcpgw-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const load = start('others', 'load.ts', [])
const upstream = await startUpstream(era)
print(`${era} client and upstream; ${rounds.length} rounds of ${seconds} s per target and scenario; Node ${process.version}; \
${cpus()[0]?.model}; ${isPinned ? 'target on CPU 0, upstream and load generator on CPU 1' : 'not pinned to CPUs'}; \
load average at the start ${loadavg()[0]?.toFixed(1)}.\n`)
const measured = options.bridge ? await measureBridges() : await measureTargets()
if (options.json !== undefined)
  writeFileSync(options.json, JSON.stringify({ ...options, measured }, undefined, 1))
await endAll()

async function measureTargets() {
  const proxies = [await startProxy('bare-pipe', upstream), await startProxy('bare-parse', upstream)]
  const targets = [upstream, ...proxies, await startGateway(upstream, token, folder)]
  const disk = statfsSync(folder).type === TMPFS ? ' (in memory here: commits cost nothing)' : ''
  print(`- \`direct\`: the load generator calls the mock upstream.
- \`bare-pipe\`, \`bare-parse\`: a node:http proxy with keep-alive; no token, policy, vault or log.
- \`mcpgw\`: token check, policy, credential from the vault, replies scrubbed of it, durable log in SQLite${disk}.\n`)

  const results = scenarios(callers).map((scenario) => ({ scenario, rounds: [] as Round[] }))
  const warmUp = WARM_UP_SECONDS / results.length
  for (const target of targets) {
    for (const { scenario } of results) await measure({ ...scenario, target, seconds: warmUp })
  }
  for (const index of rounds) {
    for (const { scenario, rounds: done } of results) {
      const round: Round = {}
      for (const target of targets) round[target.name] = await measure({ ...scenario, target, seconds })
      done.push(round)
    }
    process.stderr.write(`round ${index} of ${rounds.length}\n`)
  }
  for (const { scenario, rounds: done } of results) print(scenarioTable(scenario, done))
  return results
}

async function measureBridges() {
  if (!existsSync(new URL(BRIDGE, import.meta.url))) throw new Error('Build the bridge first: npm run build.')
  print(`- \`bare-stdio\`: lines from stdin to node:http with keep-alive and back.
- \`mcpgw bridge\`: packages/bridge/dist, its token from the environment, the mock upstream as its workspace.\n`)
  const BENCH_HEADERS = JSON.stringify(rpcHeaders(era, token, 'tools/call', {}))
  const bare = nodeCommand('target', 'proxies.mjs', ['bare-stdio', upstream.url])
  const bridge = nodeCommand('target', BRIDGE, ['stdio', '--workspace', upstream.url])
  const direct = { target: upstream, ask: 'small', callers: 1, seconds } as const
  await measure({ ...direct, seconds: WARM_UP_SECONDS })
  const results: Round<BridgeFigures>[] = []
  for (const index of rounds) {
    results.push({
      direct: { initializeMs: Number.NaN, ...(await measure(direct)) },
      'bare-stdio': await measureBridge({ command: bare, env: { BENCH_HEADERS }, seconds }),
      'mcpgw bridge': await measureBridge({
        command: bridge,
        env: { MCPGW_TOKEN: token, MCPGW_CONFIG_DIR: folder },
        seconds,
      }),
    })
    process.stderr.write(`round ${index} of ${rounds.length}\n`)
  }
  print(bridgeTable(results))
  return results
}

function measure(job: Pick<HttpJob, 'target' | 'ask' | 'callers' | 'seconds'>): Promise<Figures> {
  const { target, ask, callers: atOnce } = job
  return answerOf<Figures>({ kind: 'http', era, token, target, ask, callers: atOnce, seconds: job.seconds })
}

function measureBridge(job: Pick<BridgeJob, 'command' | 'env' | 'seconds'>): Promise<BridgeFigures> {
  return answerOf<BridgeFigures>({ kind: 'bridge', era, ...job })
}

async function answerOf<F>(job: HttpJob | BridgeJob): Promise<F> {
  load.send(job)
  // Our own process answers, with what belongs to the job.
  const [answer] = (await once(load, 'message')) as [{ figures: F } | { problem: string }]
  if ('figures' in answer) return answer.figures
  throw new Error(answer.problem)
}

function positive(name: 'rounds' | 'seconds' | 'callers'): number {
  const value = Number(options[name])
  if (value > 0) return value
  throw new Error(`--${name} is a number above 0.`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
