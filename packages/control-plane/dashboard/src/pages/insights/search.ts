import { gte, int, lte, number, object, enum as oneOf, optional, type output, string } from 'zod/mini'

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
  /** Which of the latencies: what half of the calls stay within, or nearly all. */
  quantile: optional(oneOf(['p50', 'p95', 'p99'])),
  /** One hour of the day, and of one weekday, 0 being Monday: for who calls then. */
  hour: optional(number().check(int(), gte(0), lte(23))),
  weekday: optional(number().check(int(), gte(0), lte(6))),
  /** Who calls what: which of whom and which of what. */
  pairs: optional(oneOf(['token-tool', 'member-server'])),
})
export type InsightsSearch = Partial<output<typeof insightsSearch>>
