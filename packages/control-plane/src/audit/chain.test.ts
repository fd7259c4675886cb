import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditHead, AuditRow } from '../model/audit-row.ts'
import { linkRow, verifyChain } from './chain.ts'
import { createMemoryStore, entryOf } from './test-log.ts'

const FULL: AuditEntry = entryOf({
  client: 'client/1',
  era: 'modern',
  server: 'github',
  tool: 'get_issue',
  shownAs: 'github__get_issue',
  reason: 'none',
  upstreamMs: 1.25,
  traceId: 'trace',
})

async function filled(count = 1200) {
  const store = createMemoryStore()
  const entries = Array.from({ length: count }, (_, index) => entryOf({ requestId: `r${index}` }))
  await store.append([...entries, entryOf({ workspaceId: 'w2' })], linkRow)
  return store
}

/** Puts a chain in order again after tampering, as someone who can write the database and knows this code would. */
function relink(store: ReturnType<typeof createMemoryStore>): AuditHead {
  let last: AuditHead = { seq: 0, hash: '' }
  for (const row of store.rows.filter(({ workspaceId }) => workspaceId === 'w1')) {
    row.seq = last.seq + 1
    row.hash = linkRow(last.hash, row)
    last = { seq: row.seq, hash: row.hash }
  }
  store.ends.set('w1', last)
  return last
}

describe('the hash of a row', () => {
  it('stays what it was, since rows that exist depend on it', () => {
    const full =
      '["mcpgw-audit-1","",1,"call",1767225600000,"w1","t1","ada","developer","client/1","modern","tools/call",' +
      '"github","get_issue","github__get_issue","ok","none",1.5,1.25,10,20,"r1","trace"]'
    const short =
      '["mcpgw-audit-1","previous",2,"call",1767225600000,"w1","t1","ada","developer",null,null,"tools/call",' +
      'null,null,null,"ok",null,1.5,null,10,20,"r1",null]'
    const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
    expect(linkRow('', { ...FULL, seq: 1 })).toBe(sha256(full))
    expect(linkRow('previous', { ...entryOf(), seq: 2 })).toBe(sha256(short))
    expect(linkRow('', { ...FULL, seq: 1 })).toBe('C2SmKWHajWk-O8GwRq08HW5dJp5lFeeh1I8z05zPNi8')
  })

  it('depends on every field, on the place and on the row before', () => {
    const row = { ...FULL, seq: 1 }
    const own = linkRow('', row)
    expect(linkRow('x', row)).not.toBe(own)
    for (const [field, value] of Object.entries(row)) {
      const changed = typeof value === 'number' ? value + 1 : `${value}.`
      expect(linkRow('', { ...row, [field]: changed })).not.toBe(own)
    }
  })

  it('tells an absent field from an empty one, and neighbours apart', () => {
    const links = [
      linkRow('', { ...entryOf(), seq: 1 }),
      linkRow('', { ...entryOf({ server: '' }), seq: 1 }),
      linkRow('', { ...entryOf({ server: 'ab', tool: 'c' }), seq: 1 }),
      linkRow('', { ...entryOf({ server: 'a', tool: 'bc' }), seq: 1 }),
      linkRow('', { ...entryOf({ server: 'null' }), seq: 1 }),
      linkRow('', { ...entryOf({ server: 'a","b' }), seq: 1 }),
    ]
    expect(new Set(links).size).toBe(links.length)
  })
})

describe('verifying a log', () => {
  it('accepts what was written, over many pages', async () => {
    const store = await filled()
    expect(await verifyChain(store, 'w1')).toEqual({
      ok: true,
      rows: 1200,
      pruned: 0,
      checkpoints: 0,
      head: store.ends.get('w1'),
    })
    expect(await verifyChain(store, 'w2')).toMatchObject({ ok: true, rows: 1 })
    expect(await verifyChain(store, 'none')).toMatchObject({ ok: true, rows: 0, head: { seq: 0, hash: '' } })
  })

  it('accepts rows added while it reads', async () => {
    const store = await filled(600)
    const read = store.read
    let added = false
    store.read = async (...page) => {
      const rows = await read(...page)
      if (!added) await store.append([entryOf()], linkRow)
      added = true
      return rows
    }
    expect(await verifyChain(store, 'w1')).toMatchObject({ ok: true, rows: 601 })
  })

  function changed(rows: AuditRow[], seq: number, change: Partial<AuditRow>): void {
    rows[seq - 1] = { ...(rows[seq - 1] as AuditRow), ...change }
  }

  const attacks: [string, (rows: AuditRow[], heads: Map<string, AuditHead>) => void, number, string][] = [
    ['one changed word', (rows) => changed(rows, 700, { member: 'eve' }), 700, 'changed'],
    ['a changed outcome in the first row', (rows) => changed(rows, 1, { outcome: 'denied' }), 1, 'changed'],
    ['a changed last row', (rows) => changed(rows, 1200, { latencyMs: 0 }), 1200, 'changed'],
    ['a row taken out', (rows) => void rows.splice(500, 1), 501, 'missing'],
    ['the first row taken out', (rows) => void rows.shift(), 1, 'missing'],
    ['the end cut off', (rows) => void rows.splice(1100), 1101, 'missing'],
    ['everything taken out', (rows) => void rows.splice(0), 1, 'missing'],
    [
      'two rows with their contents swapped',
      (rows) => {
        const [one, other] = [rows[9] as AuditRow, rows[10] as AuditRow]
        rows.splice(9, 2, { ...other, seq: 10 }, { ...one, seq: 11 })
      },
      10,
      'changed',
    ],
    [
      'a row in the place of another',
      (rows) => changed(rows, 20, { ...(rows[29] as AuditRow), seq: 20 }),
      20,
      'changed',
    ],
    [
      'a forged row after the end',
      (rows, heads) => {
        const head = heads.get('w1') as AuditHead
        const forged = { ...entryOf(), seq: head.seq + 1 }
        rows.splice(1200, 0, { ...forged, hash: linkRow(head.hash, forged) })
      },
      1201,
      'not_in_head',
    ],
    ['a head put back', (_, heads) => void heads.set('w1', { seq: 10, hash: 'x' }), 10, 'changed'],
  ]
  for (const [what, tamper, firstBadSeq, reason] of attacks) {
    it(`finds ${what}`, async () => {
      const store = await filled()
      tamper(store.rows, store.ends)
      expect(await verifyChain(store, 'w1')).toEqual({ ok: false, firstBadSeq, reason })
    })
  }

  it('finds a place taken twice, even with matching hashes', async () => {
    const store = createMemoryStore()
    let hash = ''
    for (const seq of [1, 1, 2]) {
      hash = linkRow(hash, { ...entryOf(), seq })
      store.rows.push({ ...entryOf(), seq, hash })
    }
    store.ends.set('w1', { seq: 2, hash })
    expect(await verifyChain(store, 'w1')).toEqual({ ok: false, firstBadSeq: 2, reason: 'changed' })
  })

  it('finds a log rewritten or cut with all its hashes, by a checkpoint kept elsewhere', async () => {
    const store = await filled()
    const checkpoint = store.ends.get('w1') as AuditHead
    expect(await verifyChain(store, 'w1', { checkpoints: [checkpoint] })).toMatchObject({ ok: true })

    changed(store.rows, 700, { member: 'eve' })
    relink(store)
    expect(await verifyChain(store, 'w1')).toMatchObject({ ok: true })
    expect(await verifyChain(store, 'w1', { checkpoints: [checkpoint] })).toEqual({
      ok: false,
      firstBadSeq: 1200,
      reason: 'checkpoint_differs',
    })

    store.rows.splice(1190, 10)
    relink(store)
    expect(await verifyChain(store, 'w1', { checkpoints: [checkpoint] })).toEqual({
      ok: false,
      firstBadSeq: 1191,
      reason: 'missing',
    })
  })
})
