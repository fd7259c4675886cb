import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compilePattern, compileRules } from '../../dashboard/src/pages/tokens/tool-rules.ts'
import { compilePattern as realPattern } from '../../src/access/pattern.ts'
import { compilePolicy } from '../../src/access/policy.ts'
import type { Principal } from '../../src/model/principal.ts'

// The preview of the dashboard has to say what the control plane will decide. Few letters, so that matches happen.
const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '_'), maxLength: 6 })
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 5 })
const selection = fc.record(
  { allow: fc.array(pattern, { maxLength: 3 }), deny: fc.array(pattern, { maxLength: 3 }) },
  { requiredKeys: [] },
)
const rules = fc.record(
  { servers: selection, tools: selection, readOnlyTools: fc.boolean() },
  { requiredKeys: [] },
)
const tool = fc.record({ server: text, tool: text, readOnly: fc.boolean() })

it('matches a pattern as the control plane does', () => {
  fc.assert(
    fc.property(pattern, text, (p, t) => compilePattern(p)(t) === realPattern(p)(t)),
    {
      numRuns: 20_000,
    },
  )
})

it('lets through what the control plane lets through', () => {
  const outcomes = new Set<boolean>()
  const agrees = fc.property(rules, tool, (given, subject) => {
    const principal: Principal = {
      tokenId: 't',
      member: 'm',
      role: 'developer',
      workspaceId: 'w',
      rules: given,
    }
    const { allowed } = compilePolicy(principal).decide(subject)
    outcomes.add(allowed)
    return compileRules(given)(subject) === allowed
  })
  fc.assert(agrees, { numRuns: 20_000 })
  expect(outcomes).toEqual(new Set([true, false]))
})
