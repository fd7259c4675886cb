import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')
const TEST_FOLDERS = ['control-plane/src', 'control-plane/test', 'bridge/src', 'bridge/test']

/** How many threats of each kind the table answers for: vault, tokens, MCP traffic, web, log. */
const THREATS = { V: 13, T: 16, M: 34, W: 10, U: 6 }

interface Row {
  id: string
  state: string
  /** Files that prove it, or why none does. */
  proof: string
}

function readTable(): Row[] {
  const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
  return text.split('\n').flatMap((line) => {
    const [, id, , state, proof] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    return id !== undefined && /^[VTMWU]\d+$/.test(id) ? [{ id, state: state ?? '', proof: proof ?? '' }] : []
  })
}

function filesIn(proof: string): string[] {
  return [...proof.matchAll(/`([^`]+\.test\.ts)`/g)].flatMap(([, file]) => (file === undefined ? [] : [file]))
}

/** Which threats the titles of tests name, by the file's path below `packages`. */
function readTitles(): Map<string, string> {
  const files = TEST_FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, 'packages', folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  )
  return new Map(files.map((file) => [file, readFileSync(join(ROOT, 'packages', file), 'utf8')]))
}

const table = readTable()
const titles = readTitles()
const names = (text: string, id: string) => text.includes(`[${id}]`)

describe('the table of threats', () => {
  it('answers for every threat once', () => {
    const all = Object.entries(THREATS).flatMap(([kind, count]) =>
      Array.from({ length: count }, (_, index) => `${kind}${index + 1}`),
    )
    expect(table.map(({ id }) => id).sort()).toEqual(all.sort())
  })

  it.each(table)('names tests for $id that exist and say so, or a reason', ({ id, state, proof }) => {
    expect(['proven', 'partly', 'not yet']).toContain(state)
    if (state === 'not yet') return expect(proof.length).toBeGreaterThan(10)
    expect(filesIn(proof)).not.toEqual([])
    for (const file of filesIn(proof)) expect([file, names(titles.get(file) ?? '', id)]).toEqual([file, true])
  })

  it('knows every test that claims to prove one', () => {
    const claims = [...titles].flatMap(([file, text]) =>
      [...text.matchAll(/\[([VTMWU]\d+)\]/g)].map(([, id]) => ({ id, file })),
    )
    const unknown = claims.filter(
      ({ id, file }) => !table.some((row) => row.id === id && filesIn(row.proof).includes(file)),
    )
    expect(unknown).toEqual([])
  })
})
