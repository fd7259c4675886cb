import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MAX_NAME_LENGTH, type Named, showNames } from './names.ts'

const SHOWN = /^[A-Za-z0-9_-]{1,64}$/

const item = (server: string, name: string, prefix: Named['prefix'] = 'always'): Named => ({
  server,
  prefix,
  name,
})

const ownName = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('get', 'a__get', 'b__get', 'get_1', 'x.y', 'x/y', 'x_y', 'ä', '_'),
  },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 100 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }) },
  { weight: 1, arbitrary: fc.integer({ min: 55, max: 70 }).map((length) => 'n'.repeat(length)) },
)
const offered = fc.uniqueArray(
  fc.record<Named>({
    server: fc.constantFrom('a', 'b', 'a--b', 'a-server-with-quite-a-long-name1'),
    prefix: fc.constantFrom('always', 'on-collision', 'never'),
    name: ownName,
  }),
  { selector: ({ server, name }) => JSON.stringify([server, name]), maxLength: 30 },
)

it('shows every tool under a name that all clients take, and no two under the same', () => {
  fc.assert(
    fc.property(offered, (items) => {
      const shown = showNames(items)
      expect(shown).toHaveLength(items.length)
      for (const name of shown) expect(name).toMatch(SHOWN)
      expect(new Set(shown).size).toBe(shown.length)
    }),
    { numRuns: 500 },
  )
})

it('shows the same tools under the same names, whenever and wherever it is asked', () => {
  fc.assert(
    fc.property(offered, (items) => {
      expect(showNames(structuredClone(items))).toEqual(showNames(items))
    }),
  )
  // A name that changed with a release of ours would break what people wrote into their prompts and rules.
  const items = [item('git', 'search.code'), item('git', 'a'.repeat(70)), item('x', 'a b', 'never')]
  expect(showNames(items)).toEqual([
    'git__search_code_f1f7627e',
    `git__${'a'.repeat(50)}_4b63540e`,
    'a_b_2434ed18',
  ])
})

it('leaves a prefixed name alone when other servers come and go', () => {
  const mine = [item('mine', 'get'), item('mine', 'x.y'), item('mine', 'z'.repeat(80))]
  fc.assert(
    fc.property(offered, (others) => {
      // Names that another server made to look like ours are the only ones that may move us.
      const strangers = others.filter(({ prefix }) => prefix === 'always')
      expect(showNames([...strangers, ...mine]).slice(-3)).toEqual(showNames(mine))
    }),
  )
})

it('puts the server before the name always, on collision, or never', () => {
  expect(showNames([item('a', 'get'), item('b', 'get')])).toEqual(['a__get', 'b__get'])
  const loose = [
    item('a', 'get', 'on-collision'),
    item('b', 'get', 'on-collision'),
    item('b', 'put', 'on-collision'),
  ]
  expect(showNames(loose)).toEqual(['a__get', 'b__get', 'put'])
  const [first, second] = showNames([item('a', 'get', 'never'), item('b', 'get', 'never')])
  expect(first).toBe('get')
  expect(second).toMatch(/^b__get_[0-9a-f]{8}$/)
})

it('does not count a name that is always prefixed as a collision', () => {
  expect(showNames([item('a', 'get', 'on-collision'), item('b', 'get', 'always')])).toEqual(['get', 'b__get'])
})

it('shortens a long name to the limit and tells apart names that begin alike', () => {
  const long = 'n'.repeat(MAX_NAME_LENGTH)
  const shown = showNames([
    item('a', `${long}1`),
    item('a', `${long}2`),
    item('a', 'n'.repeat(61)),
    item('a', 'n'.repeat(62)),
  ])
  expect(shown.map((name) => name.length)).toEqual([64, 64, 64, 64])
  expect(new Set(shown).size).toBe(4)
  expect(shown[2]).toBe(`a__${'n'.repeat(61)}`)
})

it('tells apart names that are the same once cleaned', () => {
  const shown = showNames(['x.y', 'x/y', 'x y', 'x_y'].map((name) => item('a', name)))
  expect(shown.slice(0, 3).every((name) => /^a__x_y_[0-9a-f]{8}$/.test(name))).toBe(true)
  expect(shown[3]).toBe('a__x_y')
  expect(new Set(shown).size).toBe(4)
})

it('gives each tool its own name even when a server names a tool like the shortened name of another', () => {
  const [victim = ''] = showNames([item('a', 'x.y')])
  const copycats = [item('evil', victim, 'never'), item('a', 'x.y')]
  expect(new Set(showNames(copycats)).size).toBe(2)
  const [, next = ''] = showNames(copycats)
  expect(new Set(showNames([item('evil', next, 'never'), ...copycats])).size).toBe(3)
})
