import type { Principal } from '../model/principal.ts'
import type { Era } from '../model/server.ts'
import { type Action, may } from './permissions.ts'

interface McpMethod {
  action: Action
  eras: ReadonlySet<Era>
}

const inBoth: McpMethod = { action: 'tool.use', eras: new Set<Era>(['legacy', 'modern']) }
const inLegacy: McpMethod = { action: 'tool.use', eras: new Set<Era>(['legacy']) }
const inModern: McpMethod = { action: 'tool.use', eras: new Set<Era>(['modern']) }

/**
 * Every request an agent may make, and what they must be allowed for it. What is not here does not exist, whatever else
 * knows its name. Of notifications the gateway heeds `notifications/cancelled` alone, and answers none.
 */
export const MCP_METHODS: ReadonlyMap<string, McpMethod> = new Map([
  ['initialize', inLegacy],
  ['ping', inLegacy],
  ['logging/setLevel', inLegacy],
  ['resources/subscribe', inLegacy],
  ['resources/unsubscribe', inLegacy],
  ['server/discover', inModern],
  ['subscriptions/listen', inModern],
  ['tools/list', inBoth],
  ['tools/call', inBoth],
  ['prompts/list', inBoth],
  ['prompts/get', inBoth],
  ['resources/list', inBoth],
  ['resources/templates/list', inBoth],
  ['resources/read', inBoth],
  ['completion/complete', inBoth],
])

/** Whether there is such a request in this era, for this principal in the workspace of that id. */
export function mayAsk(principal: Principal, workspaceId: string, era: Era, method: string): boolean {
  const known = MCP_METHODS.get(method)
  return known?.eras.has(era) === true && may(principal, known.action, workspaceId)
}
