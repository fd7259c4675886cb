import { GatewayError } from '../model/error.ts'
import type { AddressGuard } from './address-guard.ts'
import { describeConnectionError, openHttpPool } from './http-client.ts'

/** Longer than any authorization server takes that works; somebody waits for it at a browser. */
const ANSWER_WITHIN_MS = 10_000
/** Metadata is a few kB; answers with tokens are less. */
const MAX_ANSWER_BYTES = 256 * 1024
/** Statuses whose answers can have no body, not even an empty one. */
const BODILESS = [204, 205, 304]

export interface GuardedRequest {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Only status and headers are wanted: the body may never end. */
  withoutBody?: boolean
}

/** Like `fetch`, for addresses that others named. Rejects with GatewayErrors that quote nothing of an answer. */
export type GuardedFetch = (url: string, request?: GuardedRequest) => Promise<Response>

/**
 * Every address is checked as it is connected to, no redirect is followed, and time and size have limits. Each request
 * has a connection of its own: what one host was told goes over no socket of another.
 */
export function createGuardedFetch(
  guard: AddressGuard,
  limits: { withinMs: number; maxBytes: number } = {
    withinMs: ANSWER_WITHIN_MS,
    maxBytes: MAX_ANSWER_BYTES,
  },
): GuardedFetch {
  return async (url, { method = 'GET', headers = {}, body, withoutBody = false } = {}) => {
    const { origin, pathname, search } = new URL(url)
    const pool = openHttpPool(origin, guard, 1)
    const signal = AbortSignal.timeout(limits.withinMs)
    try {
      const answer = await pool.request({
        method: method as 'GET' | 'POST',
        path: pathname + search,
        // What is not compressed cannot grow while it is read.
        headers: { ...headers, 'accept-encoding': 'identity' },
        body: body ?? null,
        signal,
      })
      if (answer.statusCode >= 300 && answer.statusCode < 400) throw redirected(origin)
      const bytes = withoutBody ? Buffer.alloc(0) : await readLimited(answer.body, origin, limits.maxBytes)
      return asResponse(answer.statusCode, answer.headers, bytes)
    } catch (error) {
      throw signal.aborted ? tooSlow(origin, error) : describeConnectionError(error as Error, origin)
    } finally {
      void pool.destroy()
    }
  }
}

async function readLimited(body: AsyncIterable<Buffer>, origin: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge(origin)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function asResponse(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  bytes: Buffer,
): Response {
  const pairs = Object.entries(headers).flatMap(([name, value = []]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  )
  return new Response(BODILESS.includes(status) ? null : new Uint8Array(bytes), { status, headers: pairs })
}

function redirected(origin: string): GatewayError {
  return new GatewayError(
    'upstream_refused',
    `${origin} redirects to another address, which is not followed when logging in.`,
    { fix: 'Ask its operator to name the final address.' },
  )
}

function tooLarge(origin: string): GatewayError {
  return new GatewayError('upstream_invalid', `${origin} answers with more than a login needs.`, {
    fix: 'Check that its URL is that of an MCP server.',
  })
}

function tooSlow(origin: string, cause: unknown): GatewayError {
  return new GatewayError('upstream_timeout', `${origin} did not answer in time.`, {
    cause,
    fix: 'Try again later.',
  })
}
