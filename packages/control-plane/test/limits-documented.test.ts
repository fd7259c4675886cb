import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { LIMIT_NAMES, LIMITS } from '../src/model/limits.ts'

const OPERATIONS = resolve(import.meta.dirname, '../../../docs/operations.md')

it('documents every limit with its default and what it protects, and no other', () => {
  const text = readFileSync(OPERATIONS, 'utf8')
  const section = text.slice(text.indexOf('\n## Limits\n'), text.indexOf('\n## Master key\n'))
  const rows = [...section.matchAll(/^\| `([a-z-]+)` *\| *(\d+)(?: \(off\))? *\| *(.*?) *\|/gm)]
  const documented = rows.map(([, name, value, protects]) => [name, Number(value), protects])
  expect(documented).toEqual(LIMIT_NAMES.map((name) => [name, LIMITS[name].default, LIMITS[name].protects]))
})
