import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditEntry } from '../model/audit-row.ts'
import { type Attempt, createRecorder } from './recorder.ts'
import { createMemoryStore, entryOf } from './test-log.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A recorder over a log in memory whose appends end when the test says so, if it wants to. */
function createWorld({ held = false, maxWaitMs = 1 } = {}) {
  const log = createMemoryStore()
  const batches: AuditEntry[][] = []
  const pending: PromiseWithResolvers<void>[] = []
  const gate: { held: boolean; failure?: Error | undefined; throws?: Error } = { held }
  const store: typeof log = {
    ...log,
    append: (entries, link) => {
      if (gate.throws !== undefined) throw gate.throws
      batches.push([...entries])
      return answer(entries, link)
    },
  }
  const answer: typeof log.append = async (entries, link) => {
    if (gate.held) {
      const hold = Promise.withResolvers<void>()
      pending.push(hold)
      await hold.promise
    }
    if (gate.failure !== undefined) throw gate.failure
    return log.append(entries, link)
  }
  const recorder = createRecorder({ store, maxWaitMs })
  const begin = (count: number): Attempt[] => Array.from({ length: count }, () => recorder.begin())
  return { log, batches, pending, gate, recorder, begin, sizes: () => batches.map((batch) => batch.length) }
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

/** Lets the recorder's own waiting pass, and expects the refusal. */
async function expectRefused(row: Promise<void> | undefined): Promise<void> {
  const refused = expect(row).rejects.toMatchObject({ code: 'audit_unavailable' })
  await vi.advanceTimersByTimeAsync(1)
  await refused
}

describe('recording', () => {
  it('resolves only when the row is durable', async () => {
    const { recorder, pending, log } = createWorld({ held: true })
    const done = vi.fn()
    void recorder.record(entryOf()).then(done)
    await vi.advanceTimersByTimeAsync(5000)
    expect(done).not.toHaveBeenCalled()
    pending[0]?.resolve()
    await settle()
    expect(done).toHaveBeenCalledTimes(1)
    expect(await log.read('w1', 0, 10)).toHaveLength(1)
  })

  it('writes a lone row at once, without waiting for others', async () => {
    const { begin, sizes } = createWorld()
    const [attempt] = begin(1)
    const written = attempt?.finish(entryOf())
    expect(sizes()).toEqual([1])
    await written
  })

  it('puts rows that finish together into one commit, in order', async () => {
    const { begin, batches, log } = createWorld()
    await Promise.all(begin(16).map((attempt, index) => attempt.finish(entryOf({ requestId: `r${index}` }))))
    expect(batches).toHaveLength(1)
    const rows = await log.read('w1', 0, 100)
    expect(rows.map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 16 }, (_, index) => `r${index}`),
    )
  })

  it('lets a row wait no longer than a millisecond for calls that go on', async () => {
    const { begin, sizes } = createWorld()
    const [first, second] = begin(3)
    void first?.finish(entryOf())
    await vi.advanceTimersByTimeAsync(0.5)
    void second?.finish(entryOf())
    expect(sizes()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(sizes()).toEqual([2])
  })

  it('keeps commits apart while calls go on, so that they share them', async () => {
    const { begin, sizes } = createWorld({ maxWaitMs: 5 })
    const attempts = begin(10)
    void attempts[0]?.finish(entryOf())
    await vi.advanceTimersByTimeAsync(1)
    expect(sizes()).toEqual([1])
    for (const attempt of attempts.slice(1, 4)) {
      void attempt.finish(entryOf())
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(sizes()).toEqual([1])
    await vi.advanceTimersByTimeAsync(2)
    expect(sizes()).toEqual([1, 3])
  })

  it('does not wait for a call that was abandoned', async () => {
    const { begin, sizes } = createWorld()
    const [first, second] = begin(2)
    const written = first?.finish(entryOf())
    expect(sizes()).toEqual([])
    second?.abandon()
    expect(sizes()).toEqual([1])
    await written
  })

  it('writes 256 rows without waiting for more', async () => {
    const { begin, sizes } = createWorld()
    const attempts = begin(300)
    for (const attempt of attempts.slice(0, 255)) void attempt.finish(entryOf())
    expect(sizes()).toEqual([])
    void attempts[255]?.finish(entryOf())
    expect(sizes()).toEqual([256])
    await settle()
  })

  it('has one append under way at a time, and gathers the next rows meanwhile', async () => {
    const { begin, sizes, pending } = createWorld({ held: true })
    const attempts = begin(5)
    const written = [begin(1)[0]?.finish(entryOf())]
    await vi.advanceTimersByTimeAsync(1)
    expect(sizes()).toEqual([1])
    for (const attempt of attempts.slice(0, 4)) written.push(attempt.finish(entryOf()))
    await vi.advanceTimersByTimeAsync(10)
    expect(sizes()).toEqual([1])
    pending[0]?.resolve()
    await settle()
    // Their millisecond is over already: they do not wait again.
    expect(sizes()).toEqual([1, 4])
    pending[1]?.resolve()
    await Promise.all(written)
  })

  it('refuses to end an attempt twice', async () => {
    const { recorder } = createWorld()
    const attempt = recorder.begin()
    await attempt.finish(entryOf())
    expect(() => attempt.finish(entryOf())).toThrow('an attempt ends once')
    expect(() => attempt.abandon()).toThrow('an attempt ends once')
  })

  it('keeps hostile texts from breaking the log', async () => {
    const { recorder, log } = createWorld()
    await recorder.record(
      entryOf({
        tool: 'a\0b\nc\u001b[31m\u202ed\ud800',
        client: 'x'.repeat(1_000_000),
        latencyMs: 0.123456789,
        upstreamMs: -0.1,
      }),
    )
    const [row] = await log.read('w1', 0, 1)
    expect(row?.tool).toBe('a\ufffdb\ufffdc\ufffd[31m\ufffdd\ufffd')
    expect(row?.client).toHaveLength(1000)
    expect([row?.latencyMs, row?.upstreamMs]).toEqual([0.123, 0])
  })

  it('writes what is waiting before it closes', async () => {
    const { recorder, begin, log } = createWorld()
    const [attempt] = begin(2)
    const written = attempt?.finish(entryOf())
    await recorder[Symbol.asyncDispose]()
    await written
    expect(await log.read('w1', 0, 10)).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a log that cannot be written', () => {
  it('refuses the answers that wait for it, and every new attempt', async () => {
    const { begin, recorder, gate } = createWorld()
    gate.failure = new Error('disk full')
    const attempts = begin(3)
    const outcomes = await Promise.allSettled(attempts.map((attempt) => attempt.finish(entryOf())))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'audit_unavailable' } })
    }
    expect(() => recorder.begin()).toThrow(expect.objectContaining({ code: 'audit_unavailable' }))
    await expect(recorder.record(entryOf())).rejects.toMatchObject({
      code: 'audit_unavailable',
      fix: expect.stringContaining('disk'),
    })
  })

  it('is the same when the store throws at once', async () => {
    const { recorder, gate } = createWorld()
    gate.throws = new Error('closed')
    await expect(recorder.record(entryOf())).rejects.toMatchObject({ code: 'audit_unavailable' })
    expect(() => recorder.begin()).toThrow()
    delete gate.throws
    await vi.advanceTimersByTimeAsync(1000)
    await recorder.record(entryOf())
  })

  it('is tried once a second, and has the rows of all attempts when it is back', async () => {
    const { begin, recorder, gate, log, batches } = createWorld()
    const [early, late] = begin(2)
    gate.failure = new Error('disk full')
    await expectRefused(recorder.record(entryOf({ requestId: 'first' })))
    await expectRefused(early?.finish(entryOf({ requestId: 'second' })))
    await vi.advanceTimersByTimeAsync(5000)
    expect(batches).toHaveLength(6)
    gate.failure = undefined
    expect(() => recorder.begin()).toThrow()
    await vi.advanceTimersByTimeAsync(1000)
    await late?.finish(entryOf({ requestId: 'third' }))
    const rows = await log.read('w1', 0, 10)
    expect(rows.map(({ requestId }) => requestId)).toEqual(['first', 'second', 'third'])
  })

  it('does not lose rows that fail while it is being tried', async () => {
    const { begin, recorder, gate, log, pending } = createWorld()
    const [late] = begin(1)
    gate.failure = new Error('disk full')
    await expectRefused(recorder.record(entryOf({ requestId: 'first' })))
    gate.failure = undefined
    gate.held = true
    await vi.advanceTimersByTimeAsync(1000)
    await expectRefused(late?.finish(entryOf({ requestId: 'second' })))
    gate.held = false
    pending[0]?.resolve()
    await settle()
    expect(() => recorder.begin()).toThrow()
    await vi.advanceTimersByTimeAsync(1000)
    recorder.begin().abandon()
    expect((await log.read('w1', 0, 10)).map(({ requestId }) => requestId)).toEqual(['first', 'second'])
  })

  it('gives the rows left over one last chance when the gateway stops', async () => {
    const { recorder, gate, log } = createWorld()
    gate.failure = new Error('disk full')
    await expectRefused(recorder.record(entryOf()))
    gate.failure = undefined
    await recorder[Symbol.asyncDispose]()
    expect(await log.read('w1', 0, 10)).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
