import type { ByteBudget } from '../../model/byte-budget.ts'
import type { JsonLimits } from '../../protocol/json.ts'
import type { WorkspaceDoorContext } from '../workspace-door/context.ts'

/** What this door works with beside what every door does. */
export interface OpenAiDoorContext extends WorkspaceDoorContext {
  /** For the answers of servers, which are read here. */
  replyLimits: JsonLimits
  /** Memory for large results that wait for the others of their request. */
  large: ByteBudget
}
