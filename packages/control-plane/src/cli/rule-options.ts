import type { Command } from 'commander'
import { collect, given } from './options.ts'

/** What a token may reach, as options. */
export interface RuleOptions {
  allowServer?: string[]
  denyServer?: string[]
  allowTool?: string[]
  denyTool?: string[]
  readOnlyTools?: boolean
}

export function addRuleOptions(command: Command): Command {
  return command
    .option('--allow-server <pattern>', 'only these servers (repeatable)', collect)
    .option('--deny-server <pattern>', 'not these servers (repeatable)', collect)
    .option('--allow-tool <pattern>', 'only these tools, as server/tool (repeatable)', collect)
    .option('--deny-tool <pattern>', 'not these tools, as server/tool (repeatable)', collect)
    .option('--read-only-tools', 'only tools marked read-only')
}

/** The rules that the options make; undefined when none was given. */
export function rulesIn({ allowServer, denyServer, allowTool, denyTool, readOnlyTools }: RuleOptions) {
  const rules = given({
    servers: lists(allowServer, denyServer),
    tools: lists(allowTool, denyTool),
    readOnlyTools,
  })
  return Object.keys(rules).length === 0 ? undefined : rules
}

function lists(allow: string[] | undefined, deny: string[] | undefined) {
  return allow === undefined && deny === undefined ? undefined : given({ allow, deny })
}
