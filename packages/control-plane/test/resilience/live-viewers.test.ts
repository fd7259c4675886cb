import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isFull } from '../full-counts.ts'
import { answerText, type SmallUpstream, startSmall } from './small-upstream.ts'
import { SteadyCalls } from './steady-calls.ts'
import { WireClient } from './wire-client.ts'

const VIEWERS = 200
const PER_TOKEN = 8
const CALLS_PER_SECOND = 500
const ROUNDS = isFull ? 5 : 3
const ROUND_MS = 3_000
/**
 * The promise is a tenth. On two cores the viewers' own program and this one take their share of what is measured, so
 * the test leaves room for that; `--reporter verbose` shows the figure.
 */
const MAX_SLOWER = 1.25

let plane: ControlPlane
let upstream: SmallUpstream
let client: WireClient
let tokens: string[]

beforeAll(async () => {
  upstream = await startSmall(['echo'], (call) => answerText(call, 'here'))
  plane = await ControlPlane.start({ env: { NODE_OPTIONS: '--max-semi-space-size=2' } })
  const team = await plane.workspace('team')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  client = await WireClient.open(team.url, team.token)
  tokens = await Promise.all(
    Array.from({ length: VIEWERS / PER_TOKEN }, (_, index) =>
      plane.token('team', { name: `viewer ${index}`, role: 'admin' }),
    ),
  )
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

it(`lets ${VIEWERS} people watch the log live beside ${CALLS_PER_SECOND} calls a second, which hardly notice`, async () => {
  const alone: number[] = []
  const watched: number[] = []
  await steadyCalls(ROUND_MS)
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(median(await steadyCalls(ROUND_MS)))
    await using viewers = await openViewers()
    const calls = await steadyCalls(ROUND_MS)
    watched.push(median(calls))
    await viewers.haveSeen(calls.length)
  }
  const slower = median(watched.map((ms, round) => ms / (alone[round] ?? 0)))
  process.stdout.write(
    `p50 of a call ${median(alone).toFixed(2)} ms alone, ${median(watched).toFixed(2)} ms with ${VIEWERS} viewers: ${slower.toFixed(2)} times\n`,
  )
  expect(slower).toBeLessThan(MAX_SLOWER)
})

/** How long each call of a while took, in milliseconds. */
async function steadyCalls(forMs: number): Promise<number[]> {
  await using steady = new SteadyCalls(CALLS_PER_SECOND, async () => {
    const answer = await client.call('up__echo', {})
    return JSON.stringify(answer).includes('here') ? undefined : 'wrong'
  })
  await delay(forMs)
  await steady.stop()
  expect(steady.failed).toEqual([])
  return steady.calls.map(({ startedAt, endedAt }) => endedAt - startedAt)
}

async function openViewers() {
  const program = new URL('./viewers-program.ts', import.meta.url)
  const child = fork(program, [`${plane.url}/api/v1/workspaces/team/audit/tail`, ...tokens])
  expect(await answerOf(child)).toEqual({ open: VIEWERS })
  return {
    /** Waits until each of them has seen that many rows. */
    async haveSeen(rows: number): Promise<void> {
      child.send({ rows })
      expect(await answerOf(child)).toEqual({ seen: VIEWERS })
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.kill()) await once(child, 'exit')
    },
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const [answer] = await once(child, 'message')
  return answer
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
