import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import { ROLES, type Role } from '../model/role.ts'
import type { TokenRules } from '../model/rules.ts'

type Lists = TokenRules['servers']

/** Whether a role may do more than another. */
export function isAbove(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) < ROLES.indexOf(other)
}

/**
 * Throws `forbidden` when a token with rules would give out what is not bound by the same rules. Rules are compared
 * and not weighed: whether one set of patterns lies within another cannot be told by looking at them.
 */
export function requireSameRules(principal: Principal, rules: TokenRules): void {
  const own = canonical(principal.rules)
  if (own === NO_RULES || own === canonical(rules)) return
  throw new GatewayError(
    'forbidden',
    'Your token is limited by rules, so it gives out nothing without them.',
    {
      fix: `Give the same rules, ${own}, or use a token without rules.`,
    },
  )
}

/** One text for all rules that say the same. */
function canonical({ servers, tools, readOnlyTools }: TokenRules): string {
  return JSON.stringify({
    servers: canonicalLists(servers),
    tools: canonicalLists(tools),
    readOnlyTools: readOnlyTools === true ? true : undefined,
  })
}

/** An empty allow list allows nothing and counts; an empty deny list says nothing. */
function canonicalLists({ allow, deny = [] }: NonNullable<Lists> = {}): Lists {
  if (allow === undefined && deny.length === 0) return undefined
  return {
    ...(allow === undefined ? {} : { allow: canonicalList(allow) }),
    ...(deny.length === 0 ? {} : { deny: canonicalList(deny) }),
  }
}

function canonicalList(patterns: readonly string[]): string[] {
  return [...new Set(patterns)].sort()
}

const NO_RULES = canonical({})
