import { Readable } from 'node:stream'
import { EventSource, type FetchLikeResponse } from 'eventsource'
import * as z from 'zod/mini'
import { readApi } from '../api/read-api.ts'
import { explainSilence } from '../api/within-limit.ts'
import { asBridgeError, BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import type { Reply } from '../http/exchange.ts'
import { TransportError } from '../http/transport-error.ts'
import { parseJson } from '../json-object.ts'
import { explainRefusal, readRefusal } from '../stdio/refusal.ts'

const rowSchema = z.looseObject({
  seq: z.number(),
  time: z.string(),
  kind: z.string(),
  method: z.string(),
  member: z.string(),
  client: z.nullable(z.string()),
  server: z.nullable(z.string()),
  tool: z.nullable(z.string()),
  shownAs: z.nullable(z.string()),
  outcome: z.string(),
  reason: z.optional(z.string()),
  latencyMs: z.number(),
})

export type LogRow = z.infer<typeof rowSchema>

const pageSchema = z.object({ items: z.array(rowSchema) })

/** The gateway writes at least a comment every 15 s; after so long without one the connection is taken for dead. */
const maxSilenceMs = 60_000

/**
 * The number of the row after which a log is to be read: the newest one, or one from before `since`. Undefined for a
 * log without rows.
 */
export async function findStart(access: Access, since: number | undefined): Promise<number | undefined> {
  // A row is numbered when its call ends and timed when it began: one that ran for long stands after younger ones.
  const longestCallMs = 15 * 60_000
  const before = since === undefined ? '' : `&to=${since - longestCallMs}`
  const { slug } = await access.workspace()
  const path = `/api/v1/workspaces/${slug}/audit?limit=1${before}`
  const { items } = await readApi(access, path, pageSchema).catch(explainForbidden)
  return items[0]?.seq ?? (since === undefined ? undefined : 0)
}

/**
 * Hands on the rows of the log as they are written, until the signal. A lost connection is taken up where it broke,
 * with `onLost` told once; a gateway that refuses ends it with BridgeError.
 */
export function followLog(options: {
  access: Access
  after: number | undefined
  signal: AbortSignal
  onRow: (row: LogRow) => void
  onLost: () => void
}): Promise<void> {
  const { access, after, signal, onRow, onLost } = options
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve()
    let isLost = false
    const source = new EventSource('http://workspace.invalid/', { fetch: connect })
    const end = (error?: unknown) => {
      source.close()
      if (error === undefined) resolve()
      else reject(asBridgeError(error))
    }
    signal.addEventListener('abort', () => end(), { once: true })
    source.addEventListener('open', () => {
      isLost = false
    })
    source.addEventListener('message', ({ data }) => {
      const row = rowSchema.safeParse(parseJson(data))
      if (row.success) onRow(row.data)
    })
    source.addEventListener('error', () => {
      if (source.readyState === source.CLOSED) return end(unreadable())
      if (!isLost) onLost()
      isLost = true
    })

    /** Rejecting makes the event source try again; a refusal ends everything first. */
    async function connect(_url: string | URL, init: { headers: Record<string, string> }) {
      const closing = new AbortController()
      signal.addEventListener('abort', () => closing.abort(), { once: true })
      try {
        const reply = await openTail(access, after, init.headers, closing.signal)
        if (reply.status >= 500) reply.body.destroy()
        else if (reply.status !== 200) throw await refused(access, reply)
        if (reply.status === 200) return asResponse(reply)
      } catch (error) {
        if (!(error instanceof TransportError)) end(error)
        else if (error.isPermanent) end(explainSilence(error, (await access.workspace()).origin))
        throw error
      }
      throw new Error('The gateway is not ready.')
    }
  })
}

async function openTail(
  access: Access,
  after: number | undefined,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Reply> {
  const { slug } = await access.workspace()
  const start = after === undefined ? '' : `?after=${after}`
  const path = `/api/v1/workspaces/${slug}/audit/tail${start}`
  // Header names as the bridge writes them everywhere; the event source uses capitals.
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return access.send({ method: 'GET', path, lane: 'side', headers: lower, signal, maxSilenceMs })
}

function asResponse({ status, headers, body }: Reply): FetchLikeResponse {
  return {
    url: '',
    status,
    redirected: false,
    headers: { get: (name) => headers[name.toLowerCase()] ?? null },
    body: Readable.toWeb(body),
  }
}

async function refused(access: Access, reply: Reply): Promise<BridgeError> {
  const error = explainRefusal(await readRefusal(reply), await access.workspace())
  return error.reason === 'forbidden' ? forbidden(error) : error
}

function explainForbidden(error: unknown): never {
  throw error instanceof BridgeError && error.reason === 'forbidden' ? forbidden(error) : error
}

function forbidden(cause: BridgeError): BridgeError {
  return new BridgeError('forbidden', 'This token may not read the log.', {
    fix: 'Ask for a token of the role developer (for your own calls) or admin (for all).',
    cause,
  })
}

function unreadable(): BridgeError {
  return new BridgeError('not_mcp', 'The gateway did not answer with a live log.', {
    fix: 'Check the URL of the workspace.',
  })
}
