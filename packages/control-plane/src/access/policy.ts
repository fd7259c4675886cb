import type { Principal } from '../model/principal.ts'
import type { TokenRules } from '../model/rules.ts'
import { compilePattern } from './pattern.ts'

/** Why a token's rules refuse something; for the log, never for the caller, who learns only "no such tool". */
export type PolicyReason =
  | 'server_denied'
  | 'server_not_allowed'
  | 'tool_denied'
  | 'tool_not_allowed'
  | 'not_read_only'

export type Decision = { allowed: true } | { allowed: false; reason: PolicyReason }

export interface Subject {
  /** The server's name. */
  server: string
  /** The server's own name of the tool or prompt, or the URI of the resource; never the shown name. */
  tool: string
  /** Whether the tool is marked read-only. Always true for prompts and resources: they change nothing. */
  readOnly: boolean
}

/**
 * What a token's rules let through; listing and calling ask the same object.
 * Deny wins over allow, whichever is more specific. An absent allow list allows everything, an empty one nothing.
 */
export interface Policy {
  /** Whether the rules leave anything of this server. The tools still have to be asked for one by one. */
  maySee(server: string): boolean
  /** Judges one tool, prompt or resource by its canonical (server, name) pair. */
  decide(subject: Subject): Decision
}

const ALLOWED: Decision = Object.freeze({ allowed: true })

const UNRESTRICTED: Policy = Object.freeze({ maySee: () => true, decide: () => ALLOWED })

const compiled = new WeakMap<Principal, Policy>()

/**
 * The policy of a principal. Compiled once for each principal object, so asking again costs nothing.
 *
 * A tool pattern is `server/tool`: the part before the first slash is matched with the server's name, the rest with
 * the tool's. Without a slash it stands for the tool of that name on any server.
 */
export function compilePolicy(principal: Principal): Policy {
  const known = compiled.get(principal)
  if (known !== undefined) return known
  const policy = compileRules(principal.rules)
  compiled.set(principal, policy)
  return policy
}

type Match<T> = (subject: T) => boolean
type PairMatch = (server: string, tool: string) => boolean

function compileRules(rules: TokenRules): Policy {
  if (rules.servers === undefined && rules.tools === undefined && !rules.readOnlyTools) return UNRESTRICTED
  const judgeServer = serverRule(rules.servers)
  const judgeTool = toolRule(rules.tools)
  return {
    maySee: (server) => judgeServer(server) === undefined,
    decide({ server, tool, readOnly }) {
      const reason = judgeServer(server) ?? judgeTool(server, tool)
      if (reason !== undefined) return { allowed: false, reason }
      if (rules.readOnlyTools === true && !readOnly) return { allowed: false, reason: 'not_read_only' }
      return ALLOWED
    },
  }
}

function serverRule(lists: TokenRules['servers'] = {}): (server: string) => PolicyReason | undefined {
  const denied = anyOf(lists.deny ?? [])
  const allowed = lists.allow && anyOf(lists.allow)
  return (server) => {
    if (denied(server)) return 'server_denied'
    return allowed === undefined || allowed(server) ? undefined : 'server_not_allowed'
  }
}

function toolRule(
  lists: TokenRules['tools'] = {},
): (server: string, tool: string) => PolicyReason | undefined {
  const denied = anyPairOf(lists.deny ?? [])
  const allowed = lists.allow && anyPairOf(lists.allow)
  return (server, tool) => {
    if (denied(server, tool)) return 'tool_denied'
    return allowed === undefined || allowed(server, tool) ? undefined : 'tool_not_allowed'
  }
}

function anyOf(patterns: readonly string[]): Match<string> {
  const matchers = patterns.map(compilePattern)
  return (text) => matchers.some((matches) => matches(text))
}

function anyPairOf(patterns: readonly string[]): PairMatch {
  const matchers = patterns.map(compilePairPattern)
  return (server, tool) => matchers.some((matches) => matches(server, tool))
}

function compilePairPattern(pattern: string): PairMatch {
  const slash = pattern.indexOf('/')
  const matchesServer = compilePattern(slash === -1 ? '*' : pattern.slice(0, slash))
  const matchesTool = compilePattern(pattern.slice(slash + 1))
  return (server, tool) => matchesServer(server) && matchesTool(tool)
}
