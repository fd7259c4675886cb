import type { ByteBudget } from '../model/byte-budget.ts'
import type { JsonLimits } from '../protocol/json.ts'

/** How much a server may answer. */
export interface ReplyRoom {
  maxBytes: number
  /** For those that have to be parsed. */
  json: JsonLimits
  /** What all large replies of all servers take together. */
  large: ByteBudget
}
