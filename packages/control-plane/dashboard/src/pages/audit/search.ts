import { object, enum as oneOf, optional, type output, string } from 'zod/mini'
import { OUTCOMES } from '../../api/shapes.ts'

/** What the log can be narrowed to, as it stands in the address: the admin API's own words. */
export const auditSearch = object({
  server: optional(string()),
  tool: optional(string()),
  member: optional(string()),
  token: optional(string()),
  client: optional(string()),
  requestId: optional(string()),
  outcome: optional(oneOf(OUTCOMES)),
  kind: optional(oneOf(['call', 'management'])),
  from: optional(string()),
  to: optional(string()),
  q: optional(string()),
  /** For owners: the log of what belongs to no workspace. */
  log: optional(oneOf(['installation'])),
})
export type AuditSearch = Partial<output<typeof auditSearch>>
