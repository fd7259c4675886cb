import type { AuditEntry, Outcome } from '../../src/model/audit-row.ts'
import { MEMBERS, type Member, SERVERS, type Tool } from './cast.ts'
import type { Dice } from './dice.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
export const MONTH_MS = 30 * DAY_MS

/** Of all calls, those of the agent that calls all night. */
const NIGHTLY_SHARE = 0.05
const NIGHTS = 10
const NIGHTLY_HOUR = 2
const RARE_CALLS = 12

const JIRA_SLOWER = 5
const TIMEOUT_MS = 30_000

export interface MonthOptions {
  workspaceId: string
  calls: number
  now: number
  /** The id of a member's token. */
  tokenId(member: string, token: string): string
}

interface Planned {
  time: number
  member: Member
  server: string
  tool: Tool
}

/** Every call of a month that ends now, in the order of time. */
export function* callsOfMonth(options: MonthOptions, dice: Dice): Generator<AuditEntry> {
  for (const planned of plannedCalls(options, dice)) yield happened(planned, options, dice)
}

function* plannedCalls({ calls, now }: MonthOptions, dice: Dice): Generator<Planned> {
  const from = now - MONTH_MS
  const hours: { start: number; end: number }[] = []
  for (let start = from; start < now; ) {
    const end = Math.min(now, (Math.floor(start / HOUR_MS) + 1) * HOUR_MS)
    hours.push({ start, end })
    start = end
  }
  const nights = hours.filter(({ start, end }) => isNight(start, now) && end - start === HOUR_MS)
  const nightly = Math.floor(calls * NIGHTLY_SHARE)
  const ordinary = calls - nightly - RARE_CALLS
  const weights = hours.map(({ start, end }) => (weightAt(start) * (end - start)) / HOUR_MS)
  const weightInAll = weights.reduce((sum, weight) => sum + weight, 0)
  let weightSoFar = 0
  for (const [index, { start, end }] of hours.entries()) {
    const before = Math.round((weightSoFar / weightInAll) * ordinary)
    weightSoFar += weights[index] ?? 0
    const count = Math.round((weightSoFar / weightInAll) * ordinary) - before
    const planned = Array.from({ length: count }, () => ordinaryCall(start, end, dice))
    const night = nights.findIndex((each) => each.start === start)
    if (night >= 0) planned.push(...nightlyCalls(start, share(nightly, night, nights.length), dice))
    const rare = rareCallsIn(index, hours.length)
    for (let added = 0; added < rare; added += 1) planned.push(rareCall(start, end, dice))
    yield* planned.sort((a, b) => a.time - b.time)
  }
}

/** How much of a whole the one of so many gets, so that together they have all of it. */
function share(whole: number, index: number, parts: number): number {
  return Math.round((whole * (index + 1)) / parts) - Math.round((whole * index) / parts)
}

function isNight(start: number, now: number): boolean {
  return new Date(start).getUTCHours() === NIGHTLY_HOUR && start >= now - NIGHTS * DAY_MS
}

function rareCallsIn(hour: number, hours: number): number {
  // In the third week, one after another.
  const first = Math.floor(hours * 0.4)
  return hour >= first && hour < first + RARE_CALLS ? 1 : 0
}

function weightAt(start: number): number {
  return MEMBERS.reduce((sum, member) => sum + activity(member, start), 0)
}

function activity({ rhythm, weight }: Member, start: number): number {
  if (rhythm === 'rarely') return 0
  const date = new Date(start)
  const isWeekend = date.getUTCDay() % 6 === 0
  // Machines follow people, but also have work of their own.
  if (rhythm === 'always') return weight * (isWeekend ? 0.25 : 0.4 + 0.4 * Number(date.getUTCHours() >= 7))
  const hour = date.getUTCHours()
  if (hour < rhythm.from || hour >= rhythm.to) return weight * 0.01
  const isLunch = hour === Math.floor((rhythm.from + rhythm.to) / 2)
  return weight * (isLunch ? 0.55 : 1) * (isWeekend ? rhythm.weekends : 1)
}

function ordinaryCall(start: number, end: number, dice: Dice): Planned {
  const member = dice.pick(MEMBERS.map((each) => [each, activity(each, start)] as const))
  const server = dice.pick(Object.entries(member.servers))
  return { time: Math.floor(dice.between(start, end)), member, server, tool: pickTool(server, dice) }
}

function nightlyCalls(start: number, count: number, dice: Dice): Planned[] {
  const member = memberNamed('nightly-report')
  const tool = toolNamed('postgres', 'query')
  return Array.from({ length: count }, () => {
    return { time: Math.floor(dice.between(start, start + HOUR_MS)), member, server: 'postgres', tool }
  })
}

function rareCall(start: number, end: number, dice: Dice): Planned {
  const member = memberNamed('kofi')
  return {
    time: Math.floor(dice.between(start, end)),
    member,
    server: 'confluence',
    tool: pickTool('confluence', dice),
  }
}

function memberNamed(name: string): Member {
  const member = MEMBERS.find((each) => each.name === name)
  if (member === undefined) throw new Error(`Nobody is called ${name}.`)
  return member
}

function toolsOf(server: string): Tool[] {
  return SERVERS[server]?.tools ?? []
}

function pickTool(server: string, dice: Dice): Tool {
  return dice.pick(toolsOf(server).map((tool) => [tool, tool[1]] as const))
}

function toolNamed(server: string, name: string): Tool {
  const tool = toolsOf(server).find(([each]) => each === name)
  if (tool === undefined) throw new Error(`${server} has no ${name}.`)
  return tool
}

const OUTCOMES: [Outcome, number][] = [
  ['ok', 955],
  ['tool_error', 24],
  ['protocol_error', 2],
  ['denied', 7],
  ['timeout', 2],
  ['cancelled', 6],
  ['unreachable', 4],
]

const REASONS: Partial<Record<Outcome, string[]>> = {
  denied: ['not_read_only', 'tool_denied', 'too_many: Too many calls of this token run at once.'],
  protocol_error: ['code -32602', 'code -32603'],
  timeout: ['upstream_timeout: The server did not answer within 30 seconds.'],
  unreachable: [
    'upstream_unavailable: The connection was refused.',
    'upstream_unavailable: The connection broke.',
  ],
}

function happened({ time, member, server, tool }: Planned, options: MonthOptions, dice: Dice): AuditEntry {
  const isSlow = server === 'jira' && time >= slowSince(options.now)
  const outcome = isSlow && dice.next() < timeoutShare(tool) ? 'timeout' : dice.pick(OUTCOMES)
  const [token, client] = dice.pick(member.tokens.map((each) => [each, each[2]] as const))
  const reasons = REASONS[outcome]
  const isResource = server === 'notion' && tool[0] === 'fetch' && dice.next() < 0.3
  const name = isResource ? `notion://pages/${Math.floor(dice.next() * 400)}` : tool[0]
  return {
    kind: 'call',
    time,
    workspaceId: options.workspaceId,
    tokenId: options.tokenId(member.name, token),
    member: member.name,
    role: member.role,
    client,
    era: client.startsWith('claude-code') ? 'modern' : 'legacy',
    method: isResource ? 'resources/read' : 'tools/call',
    server,
    tool: name,
    shownAs: isResource ? name : `${server}__${name}`,
    outcome,
    ...(reasons === undefined ? {} : { reason: dice.pick(reasons.map((reason) => [reason, 1] as const)) }),
    ...timesOf(outcome, tool, isSlow, dice),
    bytesIn: Math.round(120 * Math.exp(0.6 * dice.normal())),
    bytesOut: outcome === 'ok' ? Math.round(tool[3] * Math.exp(0.8 * dice.normal())) : 180,
    requestId: dice.id(),
  }
}

function timeoutShare([name]: Tool): number {
  return name === 'search_issues' ? 0.06 : 0.02
}

/** Log-normal, as times of servers are; the gateway's own part does not depend on them. */
function timesOf(outcome: Outcome, [name, , medianMs]: Tool, isSlow: boolean, dice: Dice) {
  const gatewayMs = 0.6 * Math.exp(0.45 * dice.normal())
  if (outcome === 'denied') return { latencyMs: toMicros(gatewayMs) }
  const slower = isSlow ? JIRA_SLOWER * (name === 'search_issues' ? 1.6 : 1) : 1
  const usualMs = medianMs * slower * Math.exp(0.55 * dice.normal())
  const waitedMs = { timeout: TIMEOUT_MS, unreachable: 40 + usualMs / 4 }
  const upstreamMs =
    outcome === 'timeout' || outcome === 'unreachable' ? waitedMs[outcome] : Math.min(usualMs, TIMEOUT_MS)
  return { latencyMs: toMicros(upstreamMs + gatewayMs), upstreamMs: toMicros(upstreamMs) }
}

function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}

/** This week's Monday, or last week's where this one has hardly begun. */
function slowSince(now: number): number {
  return mondayOf(now - 2 * DAY_MS)
}

/** The beginning of the week's Monday in UTC. */
export function mondayOf(now: number): number {
  const day = Math.floor(now / DAY_MS)
  return (day - ((day + 3) % 7)) * DAY_MS
}
