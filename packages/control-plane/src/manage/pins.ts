import { setImmediate as otherWork } from 'node:timers/promises'
import { z } from 'zod'
import { may } from '../access/permissions.ts'
import { compilePolicy } from '../access/policy.ts'
import type { ApprovedDefinition, ChangedDefinition } from '../model/pin.ts'
import type { Principal } from '../model/principal.ts'
import type { Server } from '../model/server.ts'
import { NO_LIMITS, parseJson } from '../protocol/json.ts'
import { changesBetween } from './definition-changes.ts'
import { FLAG_KINDS, flagsOf } from './definition-flags.ts'
import { instant, toInstant } from './fields.ts'
import { inWorkspace } from './operation.ts'
import { MAX_PAGE, pageByName, pageOf, pageQuery } from './paging.ts'
import { requireServer } from './servers.ts'

interface OneServer {
  workspace: string
  server: string
}

const flags = z.array(z.strictObject({ kind: z.enum(FLAG_KINDS), path: z.string(), found: z.string() }))
const change = z.strictObject({
  path: z.string(),
  before: z.unknown().exactOptional(),
  after: z.unknown().exactOptional(),
})

const pinAnswer = z.strictObject({
  tool: z.string(),
  state: z.enum(['approved', 'changed']),
  /** Of the definition that was approved last. */
  hash: z.string(),
  firstSeenAt: instant,
  approvedAt: instant,
  /** The member, or `first sight`. */
  approvedBy: z.string(),
  flags,
  /** The newest definition that waits; what it changes is counted from the one approved last. */
  pending: z
    .strictObject({ hash: z.string(), since: instant, changes: z.array(change), flags })
    .exactOptional(),
})

type PinAnswer = z.output<typeof pinAnswer>

export const listPins = inWorkspace({
  name: 'pin.list',
  summary: 'The recorded definitions of a server, and what changed in those that wait for approval',
  action: 'server.read',
  recorded: false,
  input: pageQuery(MAX_PAGE).extend({ state: z.enum(['approved', 'changed']).exactOptional() }),
  answer: pageOf(pinAnswer),
  async run(scene, where: OneServer, { state, ...query }) {
    const { manage, principal } = scene
    const giveWay = createTurns()
    const server = await requireServer(scene, where)
    const pins = pinsIn(await manage.storage.pins.ofServer(server.id))
    const wanted: Pin[] = []
    for (const pin of pins) {
      if ((state === undefined || stateOf(pin) === state) && maySee(principal, server, pin)) wanted.push(pin)
      await giveWay()
    }
    const manages = may(principal, 'server.write', server.workspaceId)
    const { items, ...page } = pageByName(wanted, query)
    const described: PinAnswer[] = []
    for (const pin of items) {
      described.push(describePin(pin, manages))
      await giveWay()
    }
    return { ...page, items: described }
  },
})

const hash = z.string().regex(/^[\w-]{43}$/, 'must be the hash of a definition that waits')
const approval = z.strictObject({ tool: z.string().min(1).max(512), hash })

export const approvePins = inWorkspace({
  name: 'pin.approve',
  summary: 'Approve changed definitions of tools, by the hash of what was looked at; all or none',
  action: 'server.write',
  recorded: true,
  input: z.union([approval, z.strictObject({ all: z.array(approval).min(1).max(1_000) })]),
  answer: z.strictObject({ approved: z.array(z.string()) }),
  async run(scene, where: OneServer, input) {
    const { manage, principal, deed } = scene
    const approvals = 'all' in input ? input.all : [input]
    deed.thing = approvals.map(({ tool }) => tool).join(', ')
    deed.shownAs = approvals.map((each) => each.hash).join(', ')
    const server = await requireServer(scene, where)
    await manage.storage.pins.approve(server, approvals, principal.member, manage.clock.now())
    return { approved: approvals.map(({ tool }) => tool) }
  },
})

const SLICE_MS = 10

/** A definition that a server made long takes a while to look at: others get their turn between two of them. */
function createTurns(): () => Promise<void> | undefined {
  let sliceEnd = performance.now() + SLICE_MS
  return () => {
    if (performance.now() < sliceEnd) return undefined
    return otherWork().then(() => {
      sliceEnd = performance.now() + SLICE_MS
    })
  }
}

/** All that is recorded of one tool. */
interface Pin {
  name: string
  /** Oldest first; the last is what changes are counted from. */
  approved: readonly [ApprovedDefinition, ...ApprovedDefinition[]]
  latest: ApprovedDefinition
  pending: ChangedDefinition | undefined
}

function pinsIn(recorded: { approved: ApprovedDefinition[]; changed: ChangedDefinition[] }): Pin[] {
  const waiting = Map.groupBy(recorded.changed, ({ tool }) => tool)
  return [...Map.groupBy(recorded.approved, ({ tool }) => tool)].flatMap(([name, [first, ...later]]) => {
    if (first === undefined) return []
    const latest = later.at(-1) ?? first
    return [{ name, approved: [first, ...later] as const, latest, pending: waiting.get(name)?.at(-1) }]
  })
}

function stateOf({ pending }: Pin): PinAnswer['state'] {
  return pending === undefined ? 'approved' : 'changed'
}

/** Whoever may not use a tool does not learn of it here either. */
function maySee(principal: Principal, server: Server, { name, latest }: Pin): boolean {
  const readOnly =
    annotated.safeParse(parseJson(latest.definition, NO_LIMITS)).data?.annotations?.readOnlyHint === true
  return compilePolicy(principal).decide({ server: server.name, tool: name, readOnly }).allowed
}

const annotated = z.object({ annotations: z.object({ readOnlyHint: z.unknown() }).optional() })

/** What nobody has approved yet is for those who can. */
function describePin(pin: Pin, manages: boolean): PinAnswer {
  const { name, approved, latest, pending } = pin
  const definition = parseJson(latest.definition, NO_LIMITS)
  return {
    tool: name,
    state: stateOf(pin),
    hash: latest.hash,
    firstSeenAt: toInstant(Math.min(...approved.map(({ firstSeenAt }) => firstSeenAt))),
    approvedAt: toInstant(latest.approvedAt),
    approvedBy: latest.approvedBy ?? 'first sight',
    flags: flagsOf(definition),
    ...(pending !== undefined && manages && { pending: describePending(definition, pending) }),
  }
}

function describePending(approved: unknown, { hash: waiting, since, definition }: ChangedDefinition) {
  const changed = parseJson(definition, NO_LIMITS)
  return {
    hash: waiting,
    since: toInstant(since),
    changes: changesBetween(approved, changed),
    flags: flagsOf(changed),
  }
}
