import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TokenRules } from '../model/rules.ts'
import { compilePolicy } from './policy.ts'

function policy(rules: TokenRules) {
  return compilePolicy({ tokenId: 't', workspaceId: 'w', member: 'ada', role: 'developer', rules })
}

function allows(rules: TokenRules, server: string, tool: string, readOnly = false): boolean {
  return policy(rules).decide({ server, tool, readOnly }).allowed
}

describe('a policy', () => {
  it('allows everything without rules', () => {
    expect(allows({}, 'github', 'delete_repository')).toBe(true)
    expect(policy({}).maySee('github')).toBe(true)
  })

  it('allows nothing with an empty allow list', () => {
    expect(policy({ servers: { allow: [] } }).maySee('github')).toBe(false)
    expect(allows({ servers: { allow: [] } }, 'github', 'get_issue')).toBe(false)
    expect(allows({ tools: { allow: [] } }, 'github', 'get_issue')).toBe(false)
  })

  it('lets deny win over a more specific allow', () => {
    const rules = { tools: { allow: ['github/get_issue'], deny: ['github/*'] } }
    expect(policy(rules).decide({ server: 'github', tool: 'get_issue', readOnly: true })).toEqual({
      allowed: false,
      reason: 'tool_denied',
    })
    expect(policy({ servers: { allow: ['github'], deny: ['g*'] } }).maySee('github')).toBe(false)
  })

  it('names the rule that refused, for the log', () => {
    const reason = (rules: TokenRules) => {
      const decision = policy(rules).decide({ server: 'github', tool: 'get_issue', readOnly: false })
      return decision.allowed ? undefined : decision.reason
    }
    expect(reason({ servers: { deny: ['github'] } })).toBe('server_denied')
    expect(reason({ servers: { allow: ['jira'] } })).toBe('server_not_allowed')
    expect(reason({ tools: { deny: ['*/get_*'] } })).toBe('tool_denied')
    expect(reason({ tools: { allow: ['github/list_*'] } })).toBe('tool_not_allowed')
    expect(reason({ readOnlyTools: true })).toBe('not_read_only')
  })

  it('judges the pair, so that a slash in a tool name cannot borrow another server', () => {
    expect(allows({ tools: { allow: ['git*/get'] } }, 'git', 'evil/get')).toBe(false)
    expect(allows({ tools: { allow: ['git/*'] } }, 'github', 'get')).toBe(false)
    expect(allows({ tools: { allow: ['files/file:///docs/*'] } }, 'files', 'file:///docs/a')).toBe(true)
  })

  it('reads a tool pattern without a slash as that tool on any server', () => {
    expect(allows({ tools: { deny: ['delete_*'] } }, 'github', 'delete_repository')).toBe(false)
    expect(allows({ tools: { deny: ['delete_*'] } }, 'github', 'get_issue')).toBe(true)
    expect(allows({ tools: { allow: ['*'] } }, 'github', 'a/b')).toBe(true)
  })

  it('leaves prompts and resources readable for a token limited to read-only tools', () => {
    expect(allows({ readOnlyTools: true }, 'files', 'file:///a', true)).toBe(true)
    expect(allows({ readOnlyTools: true }, 'files', 'write_file')).toBe(false)
  })

  it('is compiled once for a principal', () => {
    const principal = { tokenId: 't', member: 'ada', role: 'developer', rules: { servers: {} } } as const
    expect(compilePolicy(principal)).toBe(compilePolicy(principal))
  })

  const names = fc.constantFrom('a', 'ab', 'b', 'abc', 'c')
  const patterns = fc.array(fc.constantFrom('a', 'a*', '*b', '*', 'c'), { maxLength: 3 })
  const pairPatterns = fc.array(fc.constantFrom('a/*', '*/b', 'ab/abc', '*/*', 'c*/a*'), { maxLength: 3 })
  const subject = fc.record({ server: names, tool: names, readOnly: fc.boolean() })
  const rules = fc.record(
    {
      servers: fc.record({ allow: patterns, deny: patterns }, { requiredKeys: [] }),
      tools: fc.record({ allow: pairPatterns, deny: pairPatterns }, { requiredKeys: [] }),
      readOnlyTools: fc.boolean(),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<TokenRules>

  it('never allows a tool of a server it hides', () => {
    fc.assert(
      fc.property(rules, subject, (r, s) => {
        const compiled = policy(r)
        return compiled.maySee(s.server) || !compiled.decide(s).allowed
      }),
    )
  })

  it('never allows more when a deny is added or read-only is asked for', () => {
    fc.assert(
      fc.property(rules, subject, pairPatterns, (r, s, deny) => {
        const stricter = {
          ...r,
          tools: { ...r.tools, deny: [...(r.tools?.deny ?? []), ...deny] },
          readOnlyTools: true,
        }
        return policy(r).decide(s).allowed || !policy(stricter).decide(s).allowed
      }),
    )
  })
})
