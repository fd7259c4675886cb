import { describe, expect, it } from 'vitest'
import type { AuditRow } from '../model/audit-row.ts'
import { linkRow } from './chain.ts'
import { exportCsv, exportJsonLines } from './export.ts'
import { createMemoryStore, entryOf } from './test-log.ts'

async function textOf(lines: AsyncGenerator<string>): Promise<string> {
  let text = ''
  for await (const line of lines) text += line
  return text
}

/** RFC 4180, read by the letter. */
function parseCsv(text: string): string[][] {
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  const rows: string[][] = [[]]
  for (const [, quoted, plain, separator] of text.matchAll(cells)) {
    rows.at(-1)?.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (separator === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

describe('an exported log', () => {
  it('holds every row as JSON, whole enough to verify it elsewhere', async () => {
    const store = createMemoryStore()
    const entries = Array.from({ length: 1001 }, (_, index) =>
      entryOf({ requestId: `r${index}`, tool: 'a"\n,b' }),
    )
    await store.append([...entries, entryOf({ workspaceId: 'w2' })], linkRow)
    const lines = (await textOf(exportJsonLines(store, { workspaceId: 'w1' }))).trimEnd().split('\n')
    const rows = lines.map((line) => JSON.parse(line) as AuditRow)
    expect(rows).toHaveLength(1001)
    let previous = ''
    for (const row of rows) {
      expect(linkRow(previous, row)).toBe(row.hash)
      previous = row.hash
    }
  })

  it('is a table any spreadsheet reads', async () => {
    const store = createMemoryStore()
    await store.append([entryOf({ member: 'Ada, "the first"', server: 'github', upstreamMs: 0 })], linkRow)
    const [header = [], row = []] = parseCsv(await textOf(exportCsv(store, { workspaceId: 'w1' })))
    const cell = (name: string) => row[header.indexOf(name)]
    expect(header).toHaveLength(23)
    expect(row).toHaveLength(23)
    expect(cell('time')).toBe('2026-01-01T00:00:00.000Z')
    expect(cell('member')).toBe('Ada, "the first"')
    expect(cell('upstreamMs')).toBe('0')
    expect(cell('tool')).toBe('')
  })

  it('[W9] runs no formula in a spreadsheet', async () => {
    const store = createMemoryStore()
    const formulas = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      ' =1',
      '\n=1',
      '\uff1d1',
      '\u200b=1',
      '"=1',
      "'=1",
      '\u00a0@x',
      '\tplain',
      '=HYPERLINK("http://x","y")',
    ]
    await store.append(
      formulas.map((tool) => entryOf({ tool })),
      linkRow,
    )
    const [header = [], ...rows] = parseCsv(await textOf(exportCsv(store, { workspaceId: 'w1' })))
    expect(rows).toHaveLength(formulas.length)
    expect(rows.map((row) => row[header.indexOf('tool')])).toEqual(
      formulas.map((formula) => `'${formula.replace(/[\t\r\n]/, '\ufffd')}`),
    )
  })

  it('[W9] moves no cursor and colours no terminal that shows the table', async () => {
    const store = createMemoryStore()
    await store.append(
      [entryOf({ tool: '\u001b[31mred\u001b]0;title\u0007', member: 'a\u0000\u009b2Jb' })],
      linkRow,
    )
    const text = await textOf(exportCsv(store, { workspaceId: 'w1' }))
    expect(text.replaceAll('\r\n', '')).not.toMatch(/\p{Cc}/u)
    expect(text).toContain('\ufffd[31mred\ufffd]0;title\ufffd')
  })

  it('holds a span of time when asked for one', async () => {
    const store = createMemoryStore()
    await store.append(
      [1, 5, 2, 9].map((time) => entryOf({ time })),
      linkRow,
    )
    const text = await textOf(exportJsonLines(store, { workspaceId: 'w1', from: 2, to: 9 }))
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).time),
    ).toEqual([5, 2])
  })
})
