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

it('says what is left of the servers, not what is gone', () => {
  expect(rulesInWords({ servers: { deny: ['files'] } })).toBe('all servers but files')
  expect(rulesInWords({ servers: { allow: ['prod-*'], deny: ['prod-db'] } })).toBe('only prod-*; not prod-db')
})
