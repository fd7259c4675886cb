import { beforeEach, describe, expect, it } from 'vitest'
import { createRestartPolicy, type RestartPolicy } from './restart-policy.ts'

const SECOND = 1_000
let now = 0
let randomByte = 0xff
let policy: RestartPolicy

beforeEach(() => {
  now = 1_000_000
  randomByte = 0xff
  policy = createRestartPolicy({
    clock: { now: () => now },
    random: { bytes: (count) => new Uint8Array(count).fill(randomByte) },
  })
})

function waitMs(): number {
  const answer = policy.mayStart()
  return answer.allowed ? 0 : answer.retryAt - now
}

/** Starts, runs for a while, crashes; gives the wait that follows, and waits it. */
function crashAfter(ranMs: number): number {
  policy.started()
  now += ranMs
  policy.crashed()
  const wait = waitMs()
  now += wait
  return Math.round(wait)
}

describe('restarting a crashed server', () => {
  it('happens at once the first time', () => {
    expect(policy.mayStart()).toEqual({ allowed: true })
    expect(crashAfter(SECOND)).toBe(0)
  })

  it('waits longer after each further crash, then only tries every 30 s', () => {
    const waits = Array.from({ length: 7 }, () => crashAfter(100))
    expect(waits).toEqual([0, 500, 1_000, 2_000, 30_000, 30_000, 30_000])
  })

  it('spreads the waits over the whole range', () => {
    randomByte = 0
    crashAfter(100)
    expect(crashAfter(100)).toBe(0)
    randomByte = 0x80
    expect(crashAfter(100)).toBe(502)
  })

  it('says why it waits', () => {
    for (let crash = 0; crash < 4; crash += 1) crashAfter(100)
    policy.crashed()
    expect(policy.mayStart()).toMatchObject({ allowed: false, reason: expect.stringContaining('5 times') })
  })

  it('is allowed again as soon as the wait is over', () => {
    policy.crashed()
    policy.crashed()
    now += 499
    expect(policy.mayStart().allowed).toBe(false)
    now += 1
    expect(policy.mayStart().allowed).toBe(true)
  })

  it('forgets crashes older than five minutes', () => {
    for (let crash = 0; crash < 4; crash += 1) crashAfter(100)
    now += 300 * SECOND
    expect(crashAfter(100)).toBe(0)
  })

  it('forgives everything after 60 healthy seconds', () => {
    for (let crash = 0; crash < 4; crash += 1) crashAfter(100)
    policy.started()
    policy.healthy()
    now += 60 * SECOND
    policy.healthy()
    policy.crashed()
    expect(waitMs()).toBe(0)
  })

  it('forgives nothing to a server that runs but never answers', () => {
    for (let crash = 0; crash < 4; crash += 1) crashAfter(100)
    expect(crashAfter(61 * SECOND)).toBe(30_000)
  })

  it('forgives a healthy server that was stopped in between', () => {
    for (let crash = 0; crash < 4; crash += 1) crashAfter(100)
    policy.started()
    policy.healthy()
    now += 60 * SECOND
    expect(crashAfter(100)).toBe(0)
  })
})
