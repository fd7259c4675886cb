import { expect, it } from 'vitest'
import { rulesInWords } from './rules-in-words.ts'

it('says what rules mean', () => {
  const rules = {
    servers: { allow: ['github', 'slack'] },
    tools: { deny: ['delete_*'] },
    readOnlyTools: true,
  }
  expect(rulesInWords(rules)).toBe('only github, slack; no delete_*; read-only tools')
})

it('tells "nothing is allowed" from "nothing is said"', () => {
  expect(rulesInWords({ servers: { allow: [] } })).toBe('no servers at all')
  expect(rulesInWords({ servers: { deny: [] }, tools: {}, readOnlyTools: false })).toBeUndefined()
})
