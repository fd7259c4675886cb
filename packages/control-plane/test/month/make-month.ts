import { linkRow } from '../../src/audit/chain.ts'
import type { AuditEntry } from '../../src/model/audit-row.ts'
import type { Storage } from '../../src/model/stores.ts'
import type { Token } from '../../src/model/token.ts'
import type { Workspace } from '../../src/model/workspace.ts'
import { countMore, indexMore } from '../../src/stats/follow-log.ts'
import { callsOfMonth, MONTH_MS } from './calls.ts'
import { MEMBERS, SERVERS } from './cast.ts'
import { type Dice, diceOf } from './dice.ts'

const ROWS_PER_APPEND = 4_000
/** As the program counts, but with more in each transaction: nobody waits here. */
const IN_BULK = { rows: 20_000, kept: 1_000 }

export interface MonthToMake {
  storage: Storage
  /** Made when it is not there. */
  workspace: Pick<Workspace, 'slug' | 'name'>
  seed: number
  calls: number
  /** When the month ends. */
  now: number
  /** Whether the gateway will try to reach the servers, which are nowhere. */
  enabled?: boolean
  /** False leaves counting and indexing to the program. */
  counted?: boolean
}

/**
 * Writes a month of calls of a team into a log, with its servers and tokens. The Jira server is slow since this week's
 * Monday, on a Monday or Tuesday since last week's, and in the last ten nights an agent asks the database without end.
 */
export async function makeMonth(month: MonthToMake): Promise<Workspace> {
  const { storage, seed, calls, now } = month
  const dice = diceOf(seed)
  const workspace = await ensureWorkspace(month, dice)
  const workspaceId = workspace.id
  const tokens = await addTokens(storage, workspaceId, now, dice)
  await addServers(month, workspaceId, dice)
  const tokenId = (member: string, token: string) => tokens.get(`${member}/${token}`) ?? 'unknown'
  await append(storage, managementOf(workspaceId, now, dice))
  let batch: AuditEntry[] = []
  for (const entry of callsOfMonth({ workspaceId, calls, now, tokenId }, dice)) {
    batch.push(entry)
    if (batch.length < ROWS_PER_APPEND) continue
    await append(storage, batch)
    batch = []
  }
  await append(storage, batch)
  if (month.counted !== false) await countAll(storage, workspaceId, now)
  return workspace
}

/** Counts and indexes a whole log. */
export async function countAll(
  { stats, logIndex }: Storage,
  workspaceId: string,
  now: number,
): Promise<void> {
  while (!(await countMore(stats, workspaceId, now, IN_BULK)).atEnd);
  while (!(await indexMore(stats, logIndex, workspaceId)));
}

async function append({ audit }: Storage, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length > 0) await audit.append(entries, linkRow)
}

async function ensureWorkspace({ storage, workspace, now }: MonthToMake, dice: Dice): Promise<Workspace> {
  const known = await storage.workspaces.bySlug(workspace.slug)
  if (known !== undefined) return known
  const made = { id: dice.id(), ...workspace, createdAt: now - MONTH_MS }
  await storage.workspaces.create(made)
  return made
}

/** The ids of all tokens by member and name. Nobody knows the tokens themselves. */
async function addTokens(
  { tokens }: Storage,
  workspaceId: string,
  now: number,
  dice: Dice,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const { name: member, role, tokens: named } of MEMBERS) {
    for (const [name] of named) {
      const id = dice.id()
      ids.set(`${member}/${name}`, id)
      const createdAt = Math.floor(now - MONTH_MS + dice.between(0, 3_600_000))
      const token: Token = { id, workspaceId, name, member, role, rules: {}, hash: `none-${id}`, createdAt }
      await tokens.create({
        ...token,
        ...(member === 'kofi' ? { revokedAt: now - MONTH_MS / 2 } : { lastUsedAt: now }),
      })
    }
  }
  return ids
}

async function addServers(
  { storage, now, enabled = false }: MonthToMake,
  workspaceId: string,
  dice: Dice,
): Promise<void> {
  for (const [name, { url }] of Object.entries(SERVERS)) {
    await storage.servers.create({
      id: dice.id(),
      workspaceId,
      name,
      target: { kind: 'remote', url, transport: 'auto', headers: { Authorization: 'Bearer {{TOKEN}}' } },
      enabled,
      prefix: 'always',
      tools: {},
      isolation: 'shared',
      timeoutMs: 30_000,
      createdAt: now - MONTH_MS,
      updatedAt: now - MONTH_MS,
    })
  }
}

/** How the team began. */
function managementOf(workspaceId: string, now: number, dice: Dice): AuditEntry[] {
  const done = (method: string, tool: string, at: number, server?: string): AuditEntry => ({
    kind: 'management',
    time: now - MONTH_MS - 60_000 + at * 100,
    workspaceId,
    tokenId: 'set-up',
    member: 'ada',
    role: 'admin',
    method,
    ...(server === undefined ? {} : { server }),
    tool,
    outcome: 'ok',
    latencyMs: 3,
    bytesIn: 0,
    bytesOut: 0,
    requestId: dice.id(),
  })
  return [
    ...Object.keys(SERVERS).map((server, at) => done('server.create', server, at, server)),
    ...MEMBERS.map(({ name }, at) => done('token.create', name, 100 + at)),
  ]
}
