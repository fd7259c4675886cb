import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import { NO_LIMITS, parseJson } from '../protocol/json.ts'
import { parseReply } from '../protocol/reply-bytes.ts'
import { isWithinLimits } from './definition-size.ts'
import { GATEWAY_IDENTITY } from './modern-peer.ts'
import type { Peer } from './peer.ts'
import { withTimeLimit } from './time-limit.ts'

type Definition = Record<string, unknown>

/** What a server offers, as it says it: definitions as they came, less those without a usable name or too large. */
export interface Listing {
  tools: (Definition & { name: string })[]
  prompts: (Definition & { name: string })[]
  resources: (Definition & { uri: string })[]
  templates: (Definition & { uriTemplate: string })[]
}

export const EMPTY_LISTING: Listing = { tools: [], prompts: [], resources: [], templates: [] }

const listing = z.object({
  tools: z.array(z.looseObject({ name: z.string(), inputSchema: z.looseObject({}) })),
  prompts: z.array(z.looseObject({ name: z.string() })),
  resources: z.array(z.looseObject({ uri: z.string() })),
  templates: z.array(z.looseObject({ uriTemplate: z.string() })),
})

/** A listing kept as text; undefined for a text that is none. */
export function readListing(text: string): Listing | undefined {
  try {
    return listing.safeParse(parseJson(text, NO_LIMITS)).data
  } catch {
    return undefined
  }
}

const LIST_TIMEOUT_MS = 30_000
/** A server that never stops handing out cursors must not fill our memory. */
const MAX_PAGES = 100
const MAX_ITEMS = 10_000

const usable = (maxLength: number) => z.string().min(1).max(maxLength).refine(isUsable)
const named = z.looseObject({ name: usable(512) })
/** Clients refuse a whole list for one schema that is not of an object. */
const tool = named.extend({ inputSchema: z.looseObject({ type: z.literal('object') }) })
const resource = z.looseObject({ uri: usable(8_192) })
const template = z.looseObject({ uriTemplate: usable(8_192) })
const page = z.looseObject({ nextCursor: z.string().optional() })

/** What of a server's offer is not tools. Undefined where it did not answer in time. */
export type OtherLists = { [list in Exclude<keyof Listing, 'tools'>]: Listing[list] | undefined }

export interface AskedLists {
  tools: Promise<Listing['tools']>
  others: Promise<OtherLists>
}

/**
 * Asks for everything the server offers, page by page. Tools come for themselves: some servers look for their resources
 * at a place that does not answer. Both reject with GatewayError.
 */
export function askForLists(peer: Peer): AskedLists {
  const { tools } = peer.identity.capabilities
  const toolList = tools ? fetchAll(peer, 'tools/list', 'tools', tool) : Promise.resolve([])
  const others = askForOthers(peer)
  // Nobody waits for them where no tools come.
  others.catch(() => {})
  return { tools: toolList, others }
}

async function askForOthers(peer: Peer): Promise<OtherLists> {
  const { prompts, resources } = peer.identity.capabilities
  const [promptList, resourceList, templateList] = await Promise.all([
    prompts ? fetchAll(peer, 'prompts/list', 'prompts', named).catch(withoutList) : [],
    resources ? fetchAll(peer, 'resources/list', 'resources', resource).catch(withoutList) : [],
    resources
      ? fetchAll(peer, 'resources/templates/list', 'resourceTemplates', template).catch(() => [])
      : [],
  ])
  return { prompts: promptList, resources: resourceList, templates: templateList }
}

/** What was known before, with what was listed since. */
export function mergeLists(
  before: Listing | undefined,
  tools: Listing['tools'],
  others: OtherLists | undefined,
): Listing {
  const known = before ?? EMPTY_LISTING
  return {
    tools,
    prompts: others?.prompts ?? known.prompts,
    resources: others?.resources ?? known.resources,
    templates: others?.templates ?? known.templates,
  }
}

/** Some servers look for resources where they are not let in yet, or nobody answers: that takes none of their tools away. */
function withoutList(error: unknown): [] | undefined {
  if (!(error instanceof GatewayError)) throw error
  if (error.code === 'upstream_invalid') return []
  if (error.code === 'upstream_timeout') return undefined
  throw error
}

async function fetchAll<T>(peer: Peer, method: string, member: string, item: z.ZodType<T>): Promise<T[]> {
  const found: T[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES && found.length < MAX_ITEMS; pages++) {
    const result = await ask(peer, method, cursor === undefined ? {} : { cursor })
    found.push(...readItems(result[member], item))
    cursor = page.safeParse(result).data?.nextCursor
    if (cursor === undefined) break
  }
  return found
}

/** One bad definition costs itself, not the list. */
function readItems<T>(value: unknown, item: z.ZodType<T>): T[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (candidate): candidate is T => isWithinLimits(candidate) && item.safeParse(candidate).success,
  )
}

/**
 * A name out of which a credential's value was taken is one that its server does not know. To put the value back when
 * a caller asks for it would let callers write the value wherever they like.
 */
function isUsable(name: string): boolean {
  return !/\[redacted:\w+\]/.test(name)
}

function ask(peer: Peer, method: string, params: Definition): Promise<Definition> {
  let cancel: (reason: string) => void = () => {}
  const answered = new Promise<Definition>((resolve, reject) => {
    cancel = peer.call(
      { method, params, identity: GATEWAY_IDENTITY, owner: '' },
      {
        notification: () => {},
        request: () => Promise.reject(new Error('Nobody is asking.')),
        failure: ({ error }) => reject(error),
        reply: (reply) => {
          // Nothing may be thrown into the channel that brought the reply.
          try {
            const { result } = parseReply(reply)
            if (result !== undefined) resolve(result)
            else reject(refused(method))
          } catch (error) {
            reject(error)
          }
        },
      },
    )
  })
  return withTimeLimit(answered, LIST_TIMEOUT_MS, () => {
    cancel('timeout')
    const message = `The server did not answer "${method}" within ${LIST_TIMEOUT_MS / 1000} seconds.`
    return new GatewayError('upstream_timeout', message, { fix: 'Check that the server is not stuck.' })
  })
}

function refused(method: string): GatewayError {
  const fix = "Look at the server's own log."
  return new GatewayError('upstream_invalid', `The server refused "${method}".`, { fix })
}
