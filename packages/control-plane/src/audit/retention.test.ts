import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditRow, CallContent } from '../model/audit-row.ts'
import type { AuditSegment, Signer } from '../model/audit-seal.ts'
import type { AuditStore } from '../model/stores.ts'
import { digestOf, linkRow, verifyChain } from './chain.ts'
import { pruneLog } from './retention.ts'
import { readVerifyingKey } from './signature.ts'
import { createMemoryStore, entryOf } from './test-log.ts'

function createSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    sign: (message) => sign(null, Buffer.from(message), privateKey).toString('base64url'),
  }
}

/** A log of 20 rows, begun at 1, 2, 3, …, that is pruned, and can be killed while it is. */
async function openLog(change: Partial<AuditEntry> = {}, content?: CallContent) {
  const memory = createMemoryStore()
  const segments: AuditSegment[] = []
  const signer = createSigner()
  const errors: string[] = []
  const steps = { left: Infinity }
  const step = () => {
    if (steps.left-- <= 0) throw new Error('killed')
  }
  const store: AuditStore = {
    ...memory,
    content: async () => content,
    segments: async () => [...segments],
    lastBefore: async (_, time) =>
      (memory.rows.find((row) => row.time >= time)?.seq ?? (memory.ends.get('w1')?.seq ?? 0) + 1) - 1,
    async seal(segment, entry, link) {
      step()
      segments.push(segment)
      await memory.append([entry], link)
    },
    async deleteRows(_, toSeq) {
      if ((memory.rows[0]?.seq ?? Infinity) > toSeq) return false
      step()
      memory.rows.shift()
      return true
    },
  }
  await store.append(
    Array.from({ length: 20 }, (_, place) => entryOf({ ...change, time: place + 1 })),
    linkRow,
  )
  let now = 0
  return {
    rows: memory.rows,
    segments,
    errors,
    steps,
    signer,
    prune(before: number) {
      now = before
      const reportError = (error: Error) => errors.push(error.message)
      return pruneLog({ store, signer, reportError, newId: () => 'id', clock: { now: () => now } }, 'w1', 0)
    },
    verify: (key = signer) => verifyChain(store, 'w1', { key: readVerifyingKey(key.publicKey) }),
    checked: (checkpoints: { seq: number; hash: string }[]) =>
      verifyChain(store, 'w1', { key: readVerifyingKey(signer.publicKey), checkpoints }),
  }
}

describe('pruning a log', () => {
  it('[U6] takes what is older, says so in the log, and leaves a log that verifies', async () => {
    const log = await openLog()
    const known = log.rows.map(({ seq, hash }) => ({ seq, hash }))
    await log.prune(9)
    expect(log.rows.map(({ seq }) => seq)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21])
    expect(log.rows.at(-1)).toMatchObject({ kind: 'management', method: 'audit.prune', tool: '1-8' })
    expect(await log.verify()).toMatchObject({ ok: true, pruned: 8, rows: 13 })
    await log.prune(9)
    expect(log.segments).toHaveLength(1)
    await log.prune(15)
    expect(log.segments).toMatchObject([
      { fromSeq: 1, toSeq: 8, rows: 8, fromTime: 1, toTime: 8 },
      { fromSeq: 9, toSeq: 14, rows: 6 },
    ])
    expect(await log.checked(known)).toMatchObject({ ok: true, pruned: 14, checkpoints: 20 })
    const rewritten = [{ seq: 14, hash: 'other' }]
    expect(await log.checked(rewritten)).toEqual({ ok: false, firstBadSeq: 14, reason: 'checkpoint_differs' })
    await log.prune(Number.MAX_SAFE_INTEGER)
    expect(log.rows.map(({ method }) => method)).toEqual(['audit.prune'])
    expect(await log.verify()).toMatchObject({ ok: true, pruned: 22, rows: 1 })
    expect(log.errors).toEqual([])
  })

  it('[U6] may be killed anywhere: the log verifies, and the next run ends the work', async () => {
    for (let steps = 0; steps <= 9; steps++) {
      const log = await openLog()
      log.steps.left = steps
      if (steps < 9) await expect(log.prune(9)).rejects.toThrow('killed')
      else await log.prune(9)
      expect(await log.verify()).toMatchObject({ ok: true, pruned: steps === 0 ? 0 : 8 })
      log.steps.left = Infinity
      await log.prune(9)
      expect(log.segments).toHaveLength(1)
      expect(log.rows.map(({ seq }) => seq)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21])
      expect(await log.verify()).toMatchObject({ ok: true, pruned: 8 })
    }
  })

  it('[U2] hides no damage: what is not as it was written is not pruned', async () => {
    const log = await openLog()
    const row = log.rows[4] as AuditRow
    row.member = 'eve'
    await log.prune(9)
    expect(log.segments).toEqual([])
    expect(log.rows).toHaveLength(20)
    expect(log.errors).toEqual([expect.stringContaining('is not pruned')])
    expect(await log.verify()).toEqual({ ok: false, firstBadSeq: 5, reason: 'changed' })
  })

  it('[U2] hides no damage to what was kept of a call either', async () => {
    const content = { text: '"kept"', cut: false }
    const contentDigest = digestOf({ arguments: content, result: content })
    const log = await openLog(
      { contentDigest },
      { arguments: content, result: { text: '"other"', cut: false } },
    )
    await log.prune(9)
    expect(log.rows).toHaveLength(20)
    expect(await log.verify()).toEqual({ ok: false, firstBadSeq: 1, reason: 'content_changed' })
  })

  it.each<[string, (log: Awaited<ReturnType<typeof openLog>>) => void, object]>([
    ['rows without a segment', ({ rows }) => void rows.splice(0, 2), { firstBadSeq: 9, reason: 'missing' }],
    [
      'a segment without its seal',
      ({ segments }) => void segments.pop(),
      { firstBadSeq: 1, reason: 'missing' },
    ],
    [
      'a segment that was made longer',
      ({ segments, rows }) => {
        const [first] = rows.splice(0, 2)
        Object.assign(segments[0] as AuditSegment, { toSeq: 10, lastHash: rows[0]?.hash ?? first?.hash })
      },
      { firstBadSeq: 1, reason: 'segment_forged' },
    ],
    [
      'a segment of one’s own',
      ({ segments, rows }) => {
        const [, last] = rows.splice(0, 2)
        const [sealed] = segments
        if (sealed === undefined || last === undefined) return
        const own = { fromSeq: 9, toSeq: 10, previousHash: sealed.lastHash, lastHash: last.hash, rows: 2 }
        segments.push({ ...sealed, ...own })
      },
      { firstBadSeq: 9, reason: 'segment_forged' },
    ],
  ])('[U2] does not cover for %s', async (_, tamper, verdict) => {
    const log = await openLog()
    await log.prune(9)
    tamper(log)
    expect(await log.verify()).toEqual({ ok: false, ...verdict })
  })

  it('is believed under the installation’s own key alone', async () => {
    const log = await openLog()
    await log.prune(9)
    expect(await log.verify(createSigner())).toEqual({ ok: false, firstBadSeq: 1, reason: 'segment_forged' })
  })
})
