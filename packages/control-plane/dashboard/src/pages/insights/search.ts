import { object, enum as oneOf, optional, type output, string } from 'zod/mini'

/** What the figures are of, as it stands in the address. */
export const insightsSearch = object({
  /** How long back, or absent for the last 7 days; `from` and `to` say it exactly. */
  range: optional(oneOf(['24h', '7d', '30d'])),
  from: optional(string()),
  to: optional(string()),
  server: optional(string()),
  tool: optional(string()),
  member: optional(string()),
  token: optional(string()),
  client: optional(string()),
})
export type InsightsSearch = Partial<output<typeof insightsSearch>>
