import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createUriMatcher } from './uri-matcher.ts'

it.each([
  ['file:///{path}', 'file:///a/b', true],
  ['file:///{path}', 'file:///', true],
  ['file:///{path}', 'file://a', false],
  ['file:///{path}', 'FILE:///a', false],
  ['db://{table}/rows/{id}', 'db://t/rows/5', true],
  ['db://{table}/rows/{id}', 'db://t/columns/5', false],
  ['db://{table}/{id}.json', 'db://t/5.json', true],
  ['db://{table}/{id}.json', 'db://t/5.xml', false],
  ['x://{+path}{?query*}', 'x://anything?a=1', true],
  ['x://fixed', 'x://fixed', true],
  ['x://fixed', 'x://fixed/more', false],
  ['a{x}a', 'a', false],
  ['a{x}a', 'aa', true],
  ['ab{x}bc', 'abc', false],
  ['{x}', 'anything at all', true],
  ['{a}/{b}/{c}', 'one/two', false],
  ['{a}-{b}-', 'x-y-', true],
  ['{a}-{b}-', 'x-', false],
  ['x{a}yy{b}y', 'xyyy', true],
  ['x{a}yy{b}y', 'xyy', false],
])('the template %s and the URI %s: %s', (template, uri, expected) => {
  expect(createUriMatcher(template)(uri)).toBe(expected)
})

const literal = fc.stringMatching(/^[ab/]{0,3}$/)
const literals = fc.array(literal, { minLength: 1, maxLength: 5 })

it('takes every URI that the template can make', () => {
  fc.assert(
    fc.property(
      literals,
      fc.array(fc.stringMatching(/^[abc/]{0,4}$/), { minLength: 5, maxLength: 5 }),
      (parts, values) => {
        const uri = parts.map((part, at) => (at === 0 ? part : values[at] + part)).join('')
        expect(createUriMatcher(parts.join('{x}'))(uri)).toBe(true)
      },
    ),
  )
})

it('takes the URIs that a regular expression takes, and no others', () => {
  fc.assert(
    fc.property(literals, fc.stringMatching(/^[ab/]{0,10}$/), (parts, uri) => {
      const oracle = new RegExp(`^${parts.join('.*')}$`)
      expect(createUriMatcher(parts.join('{x}'))(uri)).toBe(oracle.test(uri))
    }),
    { numRuns: 1_000 },
  )
})

it('is not kept busy by any template or URI', () => {
  const hostile = [
    ['{'.repeat(60_000), 'a'],
    ['{a'.repeat(30_000), 'a'],
    [`x:{a}${'a'.repeat(1_000)}b${'a'.repeat(1_000)}{b}`, `x:${'a'.repeat(4_000_000)}`],
    [`x:{a}${'a'.repeat(500)}b${'a'.repeat(500)}{b}`, `x:${'a'.repeat(2_046)}`],
    [`${'{a}a'.repeat(2_000)}{b}c`, 'a'.repeat(2_048)],
  ] as const
  const startedAt = performance.now()
  for (const [template, uri] of hostile) expect(createUriMatcher(template)(uri)).toBe(false)
  // A few milliseconds; seconds for most of them where time grows with the square of the length.
  expect(performance.now() - startedAt).toBeLessThan(250)
})
