import { compilePolicy } from '../../access/policy.ts'
import { GATEWAY_INFO } from '../../aggregation/workspace-view.ts'
import type { Caller } from '../../gateway/caller.ts'
import type { Principal } from '../../model/principal.ts'
import { capabilityKey, readCapabilities } from '../../protocol/capabilities.ts'
import type { FormatName } from './formats/format.ts'

/** Behind such a caller is an application that can ask its user. A model it would lend to servers it has not said. */
const CAPABILITIES = { elicitation: { form: {}, url: {} } }
const READ = readCapabilities(CAPABILITIES)
const KEY = capabilityKey(READ)
const CLIENT_INFO = { name: 'mcpgw openai', version: GATEWAY_INFO.version }

/** Who calls at this door: a modern client, which is asked by its answer and comes back. */
export function callerOf(principal: Principal, format: FormatName): Caller {
  return {
    principal,
    policy: compilePolicy(principal),
    era: 'modern',
    client: `openai/${format}`,
    clientInfo: CLIENT_INFO,
    capabilities: CAPABILITIES,
    profile: {
      capabilities: READ,
      capabilityKey: KEY,
      // There are no sessions: one token's clients are the narrowest that can be told apart.
      session: principal.tokenId,
      member: principal.member,
    },
    logLevel: undefined,
  }
}
