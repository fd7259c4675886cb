import { describe, expect, it } from 'vitest'
import { ROLES } from '../model/role.ts'
import type { TokenRules } from '../model/rules.ts'
import { isAbove, requireSameRules } from './delegation.ts'

const withRules = (rules: TokenRules) =>
  ({ tokenId: 't', workspaceId: 'w', member: 'ada', role: 'admin', rules }) as const

describe('what a token may give out', () => {
  it.each<[TokenRules, TokenRules]>([
    [{}, {}],
    [{}, { servers: { allow: ['git'] } }],
    [{ readOnlyTools: false, tools: { deny: [] } }, {}],
    [
      { servers: { allow: ['a', 'b'] } },
      { servers: { allow: ['b', 'a', 'b'] }, tools: {}, readOnlyTools: false },
    ],
    [{ readOnlyTools: true }, { readOnlyTools: true, servers: { deny: [] } }],
  ])('with rules %j is a token with %j', (own, given) => {
    expect(() => requireSameRules(withRules(own), given)).not.toThrow()
  })

  it.each<[TokenRules, TokenRules]>([
    [{ servers: { allow: ['git'] } }, {}],
    [{ servers: { allow: ['git'] } }, { servers: { allow: ['git', 'crm'] } }],
    [{ servers: { allow: ['git'] } }, { servers: { deny: ['git'] } }],
    [{ servers: { allow: [] } }, { servers: {} }],
    [{ servers: { allow: ['git'] } }, { tools: { allow: ['git'] } }],
    [{ readOnlyTools: true }, { readOnlyTools: false }],
    [{ tools: { deny: ['*/rm'] }, readOnlyTools: true }, { tools: { deny: ['*/rm'] } }],
  ])('with rules %j is no token with %j', (own, given) => {
    expect(() => requireSameRules(withRules(own), given)).toThrow(
      expect.objectContaining({ code: 'forbidden', fix: expect.stringContaining('same rules') }),
    )
  })
})

it('orders the roles from owner to readonly', () => {
  for (const [index, role] of ROLES.entries())
    expect(ROLES.filter((other) => isAbove(role, other))).toEqual(ROLES.slice(index + 1))
})
