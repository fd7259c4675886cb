import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { OUTCOMES } from '../model/audit-row.ts'
import type { Dimension, GroupValues, StatsGroup, StatsQuestion } from '../model/call-stats.ts'
import { GatewayError } from '../model/error.ts'
import { planStats, type StatsPlan, TIME_BUCKETS, type TimeBucket } from '../stats/plan.ts'
import { callsIn, emptySums, figuresOf } from '../stats/sums.ts'
import { readableMember } from './audit-row-answer.ts'
import type { Manage } from './context.ts'
import { instant, instantInQuery, toInstant } from './fields.ts'
import { inWorkspace } from './operation.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** How long an answer waits for the last calls to be counted. */
const CATCH_UP_MS = 150
const MAX_ITEMS = 20_000
// Percentiles of that many are a millisecond's work; calls get their turn in between.
const ITEMS_AT_ONCE = 200

const DIMENSION_OF = {
  server: 'server',
  tool: 'tool',
  member: 'member',
  token: 'tokenId',
  client: 'client',
} as const satisfies Record<string, Dimension>

type Name = keyof typeof DIMENSION_OF
const NAMES = Object.keys(DIMENSION_OF) as Name[]

const word = z.string().max(500, 'is longer than any name')

const names = z.string().transform((text, context): Name[] => {
  const given = text.split(',')
  const known = NAMES.filter((name) => given.includes(name))
  if (known.length === given.length) return known
  context.addIssue({
    code: 'custom',
    message: `must be a list of ${NAMES.join(', ')}, each once, with commas`,
  })
  return z.NEVER
})

const MINUTES = 'must be minutes east of UTC, from -840 to 840'

const statsQuery = z.strictObject({
  from: instantInQuery.exactOptional(),
  to: instantInQuery.exactOptional(),
  by: names.exactOptional(),
  bucket: z.enum(TIME_BUCKETS).exactOptional(),
  server: word.exactOptional(),
  tool: word.exactOptional(),
  member: word.exactOptional(),
  token: word.exactOptional(),
  client: word.exactOptional(),
  utcOffset: z.coerce.number(MINUTES).int(MINUTES).min(-840, MINUTES).max(840, MINUTES).default(0),
  limit: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1, 'must be 1 to 500')
    .max(500, 'must be 1 to 500')
    .default(100),
})

type StatsQuery = z.output<typeof statsQuery>

const count = z.int().nonnegative()
const quantiles = z
  .strictObject({ p50: z.number(), p95: z.number(), p99: z.number(), mean: z.number() })
  .nullable()

const figures = z.strictObject({
  calls: count,
  errors: count,
  errorRate: z.number(),
  outcomes: z.record(z.enum(OUTCOMES), count),
  bytesIn: count,
  bytesOut: count,
  latencyMs: quantiles,
  gatewayMs: quantiles,
  upstreamMs: quantiles,
})

/** Null for calls that have none, such as those of which no server was found. */
const value = z.string().nullable().exactOptional()

const statsItem = z.strictObject({
  ...figures.shape,
  server: value,
  tool: value,
  member: value,
  tokenId: value,
  tokenName: value,
  client: value,
  start: instant.exactOptional(),
  weekday: z.int().min(0).max(6).exactOptional(),
  hour: z.int().min(0).max(23).exactOptional(),
})

const statsAnswer = z.strictObject({
  from: instant,
  to: instant,
  by: z.array(z.enum(NAMES)),
  bucket: z.enum(TIME_BUCKETS).nullable(),
  asOf: instant,
  total: figures,
  items: z.array(statsItem),
})

export const showStats = inWorkspace({
  name: 'stats.show',
  summary:
    'Calls, errors, bytes and latencies, added up: all of them for admins, your own for developers. With a bucket, `limit` is of how many groups',
  action: 'audit.read-own',
  recorded: false,
  input: statsQuery,
  answer: statsAnswer,
  async run({ manage, principal, workspace }, _where, query) {
    const { by = [], bucket } = query
    const asOf = await manage.follower.catchUp(workspace.id, CATCH_UP_MS)
    const where = filterOf(query, readableMember(principal, workspace.id))
    const plan = planOf(query, where ?? {}, manage.clock.now())
    const answer = {
      from: toInstant(plan.span.from),
      to: toInstant(plan.span.to),
      by,
      bucket: bucket ?? null,
      asOf: toInstant(asOf),
    }
    const total = where === undefined ? undefined : await totalOf(manage, workspace.id, plan, where)
    const totalFigures = figuresOf(total?.sums ?? emptySums())
    if (by.length === 0 && bucket === undefined)
      return { ...answer, total: totalFigures, items: [totalFigures] }
    const groups =
      where === undefined || total === undefined
        ? []
        : await groupsOf(manage, workspace.id, plan, where, query)
    return { ...answer, total: totalFigures, items: await itemsOf(manage, groups, bucket) }
  },
})

/** What may be looked at; undefined when nothing of what is asked for is the caller's. */
function filterOf(query: StatsQuery, own: string | undefined): GroupValues | undefined {
  if (own !== undefined && query.member !== undefined && query.member !== own) return undefined
  const given = NAMES.flatMap((name) =>
    query[name] === undefined ? [] : [[DIMENSION_OF[name], query[name]]],
  )
  return { ...Object.fromEntries(given), ...(own === undefined ? {} : { member: own }) }
}

function planOf(query: StatsQuery, where: GroupValues, now: number): StatsPlan {
  const { to = now, bucket } = query
  const { from = to - DAY_MS } = query
  if (from >= to) throw new GatewayError('invalid_request', '"from" must be before "to".')
  const by = (query.by ?? []).map((name) => DIMENSION_OF[name])
  const plan = planStats({ from, to, by, where, bucket, offsetMs: query.utcOffset * MINUTE_MS, now })
  if (plan !== undefined) return plan
  throw new GatewayError(
    'invalid_request',
    'Figures by the minute are kept for the last 26 hours, by server alone.',
    {
      fix: 'Ask with bucket=hour.',
    },
  )
}

async function totalOf({ storage }: Manage, workspaceId: string, plan: StatsPlan, where: GroupValues) {
  const question: StatsQuestion = { workspaceId, spans: plan.total, by: [], where, limit: 1 }
  return (await storage.stats.sums(question))[0]
}

/** With a time axis, the limit is of groups: those with the most calls of the whole time. */
async function groupsOf(
  { storage }: Manage,
  workspaceId: string,
  { axis, groups: spans }: StatsPlan,
  where: GroupValues,
  query: StatsQuery,
): Promise<StatsGroup[]> {
  const by = (query.by ?? []).map((name) => DIMENSION_OF[name])
  const question: StatsQuestion = { workspaceId, spans, by, where, limit: query.limit }
  if (axis === undefined) return storage.stats.sums(question)
  const alongAxis = { ...question, axis, limit: MAX_ITEMS + 1 }
  const all = await storage.stats.sums(alongAxis)
  if (all.length <= MAX_ITEMS) return ofBusiestGroups(all, by, query.limit)
  const busiest = await storage.stats.sums(question)
  const found = await storage.stats.sums({ ...alongAxis, groups: busiest.map(({ values }) => values) })
  if (found.length <= MAX_ITEMS) return found
  throw new GatewayError('invalid_request', `These would be more than ${MAX_ITEMS} items.`, {
    fix: 'Ask for a shorter time, a coarser bucket or a smaller limit.',
  })
}

function ofBusiestGroups(all: StatsGroup[], by: readonly Dimension[], limit: number): StatsGroup[] {
  const keyOf = ({ values }: StatsGroup) => JSON.stringify(by.map((dimension) => values[dimension]))
  const calls = new Map<string, number>()
  for (const group of all) calls.set(keyOf(group), (calls.get(keyOf(group)) ?? 0) + callsIn(group.sums))
  if (calls.size <= limit) return all
  const busiest = [...calls].sort(([a, more], [b, less]) => less - more || (a < b ? -1 : 1)).slice(0, limit)
  const chosen = new Set(busiest.map(([key]) => key))
  return all.filter((group) => chosen.has(keyOf(group)))
}

async function itemsOf({ storage }: Manage, groups: readonly StatsGroup[], bucket: TimeBucket | undefined) {
  const ids = new Set(groups.flatMap(({ values: { tokenId } }) => tokenId ?? []))
  const tokenNames = await storage.stats.tokenNames([...ids])
  const items = []
  for (const { values, at, sums } of groups) {
    items.push({
      ...figuresOf(sums),
      ...described(values),
      ...(values.tokenId === undefined ? {} : { tokenName: tokenNames.get(values.tokenId) ?? null }),
      ...(at === undefined ? {} : placeInTime(at, bucket)),
    })
    if (items.length % ITEMS_AT_ONCE === 0) await setImmediate()
  }
  return items
}

function described(values: GroupValues): Record<string, string | null> {
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, text === '' ? null : text]))
}

function placeInTime(at: number, bucket: TimeBucket | undefined) {
  return bucket === 'weekhour' ? { weekday: Math.floor(at / 24), hour: at % 24 } : { start: toInstant(at) }
}
