import fc from 'fast-check'
import { expect, it } from 'vitest'
import { capabilityKey, readCapabilities } from './capabilities.ts'

it('keeps what changes how a server may use the client, and nothing else', () => {
  const declared = {
    sampling: { tools: {} },
    elicitation: { form: {}, url: {} },
    roots: { listChanged: true },
    experimental: { x: 1 },
  }
  expect(readCapabilities(declared)).toEqual({
    sampling: { tools: {} },
    elicitation: { form: {}, url: {} },
    roots: {},
  })
})

it.each([undefined, null, 5, 'all', [], { sampling: true }, { elicitation: 'yes' }])(
  'counts capabilities declared as %j as none',
  (declared) => expect(readCapabilities(declared)).toEqual({}),
)

it('has one key for equal capabilities, in whatever order they were declared', () => {
  const one = readCapabilities({ elicitation: { form: {}, url: {} }, sampling: {} })
  const other = readCapabilities({ sampling: {}, elicitation: { url: {}, form: {} } })
  expect(capabilityKey(one)).toBe(capabilityKey(other))
  expect(capabilityKey({})).toBe('')
})

it('has different keys for capabilities that a server may use differently, and no more than there are of those', () => {
  const flags = fc.option(fc.subarray(['form', 'url', 'context', 'tools', 'a) elicitation(b', 'new', '']), {
    nil: undefined,
  })
  const declared = fc
    .record({ sampling: flags, elicitation: flags, roots: fc.boolean() })
    .map(({ sampling, elicitation, roots }) => ({
      ...(sampling && { sampling: Object.fromEntries(sampling.map((flag) => [flag, { new: 1 }])) }),
      ...(elicitation && { elicitation: Object.fromEntries(elicitation.map((flag) => [flag, { new: 1 }])) }),
      ...(roots && { roots: { listChanged: true } }),
    }))
  const keys = new Set<string>()
  fc.assert(
    fc.property(declared, declared, (one, other) => {
      const [first, second] = [readCapabilities(one), readCapabilities(other)]
      keys.add(capabilityKey(first))
      expect(capabilityKey(first) === capabilityKey(second)).toBe(
        JSON.stringify(first) === JSON.stringify(second),
      )
    }),
    { numRuns: 1_000 },
  )
  // Sampling and elicitation are absent or have any of two flags, and roots are there or not.
  expect(keys.size).toBeLessThanOrEqual(5 * 5 * 2)
})
