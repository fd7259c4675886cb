/** What the OpenAI door takes beside the MCP door for the same call. README.md tells how to read it. */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mintToken } from '../packages/control-plane/src/access/token-format.ts'
import { type Connection, openConnection, postBytes } from './http-messages.ts'
import { type Figures, measureCalls } from './measure-calls.ts'
import { endAll, isPinned } from './processes.ts'
import { FIRST_ID, rpcBody, rpcHeaders } from './rpc-requests.ts'
import { ASKS } from './scenarios.ts'
import { startGateway, startUpstream, type Target } from './targets.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    callers: { type: 'string', default: '1,16' },
    era: { type: 'string', default: 'modern' },
  },
})
if (options.era !== 'legacy' && options.era !== 'modern') throw new Error('--era is legacy or modern.')
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
const token = mintToken({ bytes: (count) => randomBytes(count) })
// This process is the load generator, beside the upstream.
if (isPinned) spawnSync('taskset', ['-cp', '1', String(process.pid)])

type Door = 'mcp' | 'chat' | 'responses'
const DOORS: Door[] = ['mcp', 'chat', 'responses']
const { method, params, marker } = ASKS.small

const gateway = await startGateway(await startUpstream(options.era), token, folder)
process.stdout.write(`Small calls, ${options.era} upstream, modern MCP client; ${rounds} rounds of ${seconds} s for each door in turn; \
load average at the start ${loadavg()[0]?.toFixed(1)}.\n\n`)
process.stdout.write('| door | callers | p50 ms | p99 ms | CPU µs per call | p50 ÷ mcp | CPU ÷ mcp |\n')
process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n')
for (const callers of options.callers.split(',').map(Number)) {
  const measured = await measureDoors(callers)
  for (const door of DOORS) process.stdout.write(`${rowOf(door, callers, measured)}\n`)
}
await endAll()

/** Door by door, round by round, so that a slow moment of the machine meets them all. */
async function measureDoors(callers: number): Promise<Record<Door, Figures>[]> {
  const measured: Record<Door, Figures>[] = []
  for (let round = -1; round < rounds; round++) {
    const one: Partial<Record<Door, Figures>> = {}
    // Each begins a round as often as the others.
    const turns = DOORS.map((_, at) => DOORS[(at + Math.max(round, 0)) % DOORS.length] as Door)
    for (const door of turns) one[door] = await measureDoor(gateway, door, callers)
    // The first round warms up. The cast: every door had its turn.
    if (round >= 0) measured.push(one as Record<Door, Figures>)
  }
  return measured
}

async function measureDoor({ url, prefix, pid }: Target, door: Door, callers: number): Promise<Figures> {
  const to = new URL(door === 'mcp' ? url : `${url}/openai/calls`)
  const connections = await Promise.all(Array.from({ length: callers }, () => openConnection(to)))
  const figures = await measureCalls(
    connections.map((connection) => callOf(connection, requestOf(to, door, prefix))),
    seconds,
    pid,
  )
  for (const connection of connections) connection.close()
  return figures
}

function requestOf(to: URL, door: Door, prefix: string): Buffer {
  const given = params(prefix)
  if (door === 'mcp')
    return postBytes(
      to,
      rpcHeaders('modern', token, method, given),
      rpcBody('modern', FIRST_ID, method, given),
    )
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const made = { name: given.name, arguments: JSON.stringify(given.arguments) }
  const body =
    door === 'chat'
      ? { tool_calls: [{ id: String(FIRST_ID), type: 'function', function: made }] }
      : { output: [{ type: 'function_call', call_id: String(FIRST_ID), ...made }] }
  return postBytes(to, headers, JSON.stringify(body))
}

function callOf(connection: Connection, request: Buffer): () => Promise<void> {
  const idPlace = request.indexOf(String(FIRST_ID))
  let id = FIRST_ID
  return async () => {
    request.write(String(++id), idPlace, 'latin1')
    const { head, body } = await connection.ask(request)
    if (!body.includes(String(id)) || body.lastIndexOf(marker) === -1)
      throw new Error(`Wrong answer: ${head}\n${body.subarray(0, 500)}`)
  }
}

function rowOf(door: Door, callers: number, measured: Record<Door, Figures>[]): string {
  const figure = (pick: (own: Figures, mcp: Figures) => number) =>
    median(measured.map((round) => pick(round[door], round.mcp)))
  const cells = [
    figure(({ p50Ms }) => p50Ms).toFixed(3),
    figure(({ p99Ms }) => p99Ms).toFixed(3),
    figure(({ cpuMicros }) => cpuMicros).toFixed(0),
    figure(({ p50Ms }, mcp) => p50Ms / mcp.p50Ms).toFixed(3),
    figure(({ cpuMicros }, mcp) => cpuMicros / mcp.cpuMicros).toFixed(3),
  ]
  return `| ${[door, callers, ...cells].join(' | ')} |`
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
