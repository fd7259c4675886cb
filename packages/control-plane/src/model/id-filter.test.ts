import fc from 'fast-check'
import { expect, it } from 'vitest'
import { idFilterOf, mayHoldId } from './id-filter.ts'

it('never denies an id that was added, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 60 }), (ids) => {
      const filter = idFilterOf(ids)
      expect(ids.filter((id) => !mayHoldId(filter, id))).toEqual([])
    }),
  )
})

it('denies about 99 of 100 others', () => {
  const filter = idFilterOf(Array.from({ length: 4_096 }, (_, index) => `request-${index}`))
  const others = Array.from({ length: 10_000 }, (_, index) => `other-${index}`)
  expect(others.filter((id) => mayHoldId(filter, id)).length).toBeLessThan(200)
})
