import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CallRate } from './call-rate.ts'

describe('the calls of a token', () => {
  it('are let in up to the limit, and again when a minute has passed', () => {
    const clock = { now: 5_900 }
    const rate = new CallRate(3, () => clock.now)
    const call = () => rate.count('one')
    expect([call(), call(), call(), call()]).toEqual([undefined, undefined, undefined, 61])
    clock.now += 60_000
    expect(call()).toBe(1)
    clock.now += 1_000
    expect([call(), call(), call(), call()]).toEqual([undefined, undefined, undefined, 61])
  })

  it('cost others nothing', () => {
    const rate = new CallRate(1, () => 0)
    expect([rate.count('one'), rate.count('one'), rate.count('other')]).toEqual([undefined, 61, undefined])
  })

  it('are never more than the limit in any 60 seconds, and let in when the wait that was told is over', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (stepsMs, limit) => {
        const clock = { now: 0 }
        const rate = new CallRate(limit, () => clock.now)
        const letIn: number[] = []
        for (const stepMs of stepsMs) {
          clock.now += stepMs
          const waitSeconds = rate.count('one')
          if (waitSeconds === undefined) letIn.push(clock.now)
          else {
            clock.now += waitSeconds * 1_000
            expect(rate.count('one')).toBeUndefined()
            letIn.push(clock.now)
          }
        }
        for (const at of letIn) {
          const within = letIn.filter((other) => other > at - 60_000 && other <= at)
          expect(within.length).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })
})
