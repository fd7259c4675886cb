import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isRunning } from '../servers/is-running.ts'
import { hostedProcesses, serverProcesses } from './hosted-processes.ts'
import { WireClient } from './wire-client.ts'

const HOSTILE = { command: 'node', args: [join(import.meta.dirname, '../servers/hostile-stdio.ts')] }
const MIB = 1024 * 1024
const FLOOD_MIB = 1024

let plane: ControlPlane
let client: WireClient

beforeAll(async () => {
  plane = await ControlPlane.start()
  await plane.workspace('team')
  await plane.addServer('team', { name: 'hostile', ...HOSTILE })
  await plane.addServer('team', { name: 'good', ...HOSTILE })
  client = await WireClient.open(`${plane.url}/ws/team`, await plane.token('team'))
  // What a first large message costs once is no part of what a flood costs.
  await client.call('hostile__echo', { text: 'x'.repeat(MIB) })
}, 30_000)

afterAll(() => plane?.[Symbol.asyncDispose]())

async function evaluate(code: string): Promise<unknown> {
  return JSON.parse(await client.call('hostile__evaluate', { code }))
}

function memoryOf(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${plane.pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
}

/** How much more memory the control plane held at the worst moment of the work than before it, in bytes. */
async function memoryFor(work: () => Promise<unknown>): Promise<number> {
  // What the neighbour's calls take by themselves is not the flood's.
  for (let call = 0; call < 300; call++) await client.call('good__echo', { n: 1 })
  const before = memoryOf('VmRSS')
  writeFileSync(`/proc/${plane.pid}/clear_refs`, '5') // The highest mark begins anew.
  await work()
  return memoryOf('VmHWM') - before
}

/** Calls a server beside it until the flood is over; gives the slowest answer in milliseconds. */
async function slowestMeanwhile(flood: Promise<unknown>): Promise<number> {
  let over = false
  void flood.finally(() => {
    over = true
  })
  let slowestMs = 0
  while (!over) {
    const startedAt = performance.now()
    await client.call('good__echo', { n: 1 })
    slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  }
  return slowestMs
}

/** Blocks the server while it writes: `writeSync` waits for its reader, as a program in C would. */
const write = (descriptor: 1 | 2) => `const fs = require('node:fs'); const piece = Buffer.alloc(1048576, 'x')
  for (let mib = 0; mib < ${FLOOD_MIB};) {
    try { fs.writeSync(${descriptor}, piece); mib++ } catch (error) { if (error.code !== 'EAGAIN') throw error }
  }
  return 'written'`

const canMeasure = process.platform === 'linux'

describe.skipIf(!canMeasure)(
  'a hosted server that floods (memory is read from /proc, which is of Linux)',
  () => {
    it('[R18] may write a gigabyte to stderr, and costs the gateway next to no memory for it', async () => {
      const logged = plane.stderr.length
      const moreBytes = await memoryFor(async () => {
        const flood = evaluate(write(2))
        expect(await slowestMeanwhile(flood)).toBeLessThan(1_000)
        expect(await flood).toBe('written')
      })
      // What was read is garbage at once, and collected now and then: +20 MiB where nothing else runs.
      expect(moreBytes / MIB, 'MiB more').toBeLessThan(64)
      expect(plane.stderr.length - logged).toBeLessThan(MIB)
    })

    it('[M12] is replaced when a line on stdout has no end, and costs no more than that line', async () => {
      const moreBytes = await memoryFor(async () => {
        const flood = evaluate(write(1))
        const refused = expect(flood).rejects.toThrow('It sent a line longer than 16 MiB.')
        expect(await slowestMeanwhile(refused)).toBeLessThan(1_000)
        await refused
      })
      expect(moreBytes / MIB, 'MiB more').toBeLessThan(32)
      await vi.waitFor(
        async () => expect(await client.call('hostile__echo', { n: 2 })).toBe('{"n":2}'),
        5_000,
      )
    })
  },
)

describe('a hosted server that ends', () => {
  it('[R16] answers the call in flight within a second, and the next call is served', async () => {
    const startedAt = performance.now()
    await expect(evaluate('process.kill(process.pid, "SIGKILL"); while (true);')).rejects.toThrow('SIGKILL')
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await vi.waitFor(async () => expect(await client.call('hostile__echo', { n: 3 })).toBe('{"n":3}'), 5_000)
  })

  it('[R19] is started once for a hundred calls that come at once', async () => {
    await plane.addServer('team', { name: 'popular', ...HOSTILE })
    await expect(client.call('popular__evaluate', { code: 'process.exit(1)' })).rejects.toThrow('exit code 1')
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => client.call('popular__echo', { n })),
    )
    expect(answers).toEqual(answers.map((_, n) => `{"n":${n}}`))
    expect(await startsOf('popular')).toBe(2)
  })

  it.skipIf(!canMeasure)(
    '[R17] takes along what escaped its group and ignores signals, within 10 s of a kill -9 of the gateway (found through /proc)',
    async () => {
      const leave = `const { spawn } = require('node:child_process')
        const stay = "trap '' TERM HUP INT; while :; do sleep 1; done"
        for (let n = 0; n < 3; n++) spawn('setsid', ['sh', '-c', '(' + stay + ') & ' + stay], { stdio: 'ignore', detached: true }).unref()
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
        return 'escaped'`
      const { sandbox } = (await plane.api('GET', '/workspaces/team/servers/hostile')) as {
        sandbox: { kind: string }
      }
      // Without a sandbox nothing holds what leaves its group.
      if (sandbox.kind === 'bwrap') expect(await evaluate(leave)).toBe('escaped')
      const pids = hostedProcesses(plane.dataDir)
      expect(pids.length).toBeGreaterThan(3)
      expect(serverProcesses(plane.dataDir).length).toBeGreaterThan(sandbox.kind === 'bwrap' ? 6 : 2)
      await plane.kill('SIGKILL')
      await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), 10_000)
      expect(hostedProcesses(plane.dataDir)).toEqual([])
    },
  )
})

/** How often a server was started: it leaves a line in its own folder each time. */
async function startsOf(server: string): Promise<number> {
  const mark = JSON.parse(await client.call(`${server}__evaluate`, { code: 'return process.cwd()' }))
  expect(readdirSync(join(plane.dataDir, 'hosted')).some((id) => mark.endsWith(id))).toBe(true)
  return readFileSync(join(mark, 'starts'), 'utf8').trim().split('\n').length
}
