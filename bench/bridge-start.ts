/** Measures what the bridge costs: its start, a call through it, its memory. README.md tells more. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { bridgeFile } from '../packages/bridge/test/support/bridge-process.ts'
import {
  type Asked,
  barePipe,
  callOf,
  memoryOf,
  openStandIn,
  quantile,
  startAsked,
  startBridgeAsked,
} from '../packages/bridge/test/support/measure.ts'
import { findNode20 } from '../packages/bridge/test/support/node-20.ts'
import { createToken } from '../packages/bridge/test/support/token.ts'
import { ControlPlane } from '../packages/control-plane/test/control-plane.ts'

if (!existsSync(bridgeFile)) throw new Error('Build the bridge first: npm run build.')
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } })
const rounds = Array.from({ length: Number(options.rounds) }, (_, index) => index)
const standInToken = createToken('a')

await using standIn = await openStandIn()
await using plane = await ControlPlane.start()
const workspace = await plane.workspace('bench')
const node20 = findNode20()
const nodes = [process.execPath, ...(node20 === undefined ? [] : [node20])]
print(`load average ${loadavg()[0]?.toFixed(1)}\n`)
print(
  '| Node | start, bare pipe: p50, p95 ms | added to the stand-in | added to the control plane | direct call p50 ms | added by the bridge | RSS MB: idle | 1,000 calls | 100 × 1 MB |',
)
print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
for (const node of nodes) print(`| ${[...(await starts(node)), ...(await calls(node))].join(' | ')} |`)

/** All kinds of start in turn, so that a slow minute of the machine meets them all. */
async function starts(node: string): Promise<string[]> {
  const kinds: (() => Promise<Asked>)[] = [
    () => startAsked(node, barePipe),
    () => startBridgeAsked(node, standIn.url, standInToken),
    () => startBridgeAsked(node, workspace.url, workspace.token),
  ]
  const tookMs = kinds.map(() => [] as number[])
  for (const _ of rounds) {
    for (const [index, startIt] of kinds.entries()) {
      await using started = await startIt()
      tookMs[index]?.push(started.startMs)
    }
  }
  const [bare = [], toStandIn = [], toPlane = []] = tookMs
  const added = (values: number[]) =>
    [0.5, 0.95].map((part) => (quantile(values, part) - quantile(bare, part)).toFixed(0)).join(', ')
  return [
    node,
    `${quantile(bare, 0.5).toFixed(0)}, ${quantile(bare, 0.95).toFixed(0)}`,
    added(toStandIn),
    added(toPlane),
  ]
}

/** Calls directly and through the bridge in turn, then what they left in memory. */
async function calls(node: string): Promise<string[]> {
  await using bridge = await startBridgeAsked(node, standIn.url, standInToken)
  const agent = new Agent({ keepAlive: true })
  const idle = memoryOf(bridge.pid)
  const [directMs, throughMs]: [number[], number[]] = [[], []]
  for (let count = 0; count < 1_000; count += 1) {
    directMs.push(await askDirectly(agent, callOf('small')))
    throughMs.push(await bridge.ask(callOf('small')))
  }
  const busy = memoryOf(bridge.pid)
  for (let count = 0; count < 100; count += 1) await bridge.ask(callOf('large'))
  agent.destroy()
  const [direct, through] = [quantile(directMs, 0.5), quantile(throughMs, 0.5)]
  const memory = [idle, busy, memoryOf(bridge.pid)].map(
    ({ rssMb, ownMb }) => `${rssMb.toFixed(0)} (own ${ownMb.toFixed(0)})`,
  )
  return [direct.toFixed(2), (through - direct).toFixed(2), ...memory]
}

async function askDirectly(agent: Agent, message: object): Promise<number> {
  const sentAt = performance.now()
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const asking = request(standIn.url, { method: 'POST', agent, headers }).end(JSON.stringify(message))
  const [response] = await once(asking, 'response')
  await once(response.resume(), 'end')
  return performance.now() - sentAt
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
