import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { GatewayError } from '../model/error.ts'
import { parseReply, type Reply } from '../protocol/reply-bytes.ts'
import type { Link } from './caller.ts'
import { type Forwarding, send } from './forwarding.ts'

const MAX_ROUNDS = 10
/** A server that only wants to be asked again is not asked faster than this. */
const PACE_MS = 250

const inputRequired = z.looseObject({
  inputRequests: z
    .record(
      z.string(),
      z.looseObject({ method: z.string(), params: z.record(z.string(), z.unknown()).optional() }),
    )
    .optional(),
  requestState: z.string().optional(),
})

type InputRequests = NonNullable<z.infer<typeof inputRequired>['inputRequests']>

/**
 * Asks a legacy client on its stream what a modern server wants to know, and sends the request again with the
 * answers, until the server is content. Resolves with its last reply.
 */
export async function answerInputRounds(
  forwarding: Forwarding,
  first: Record<string, unknown>,
): Promise<Reply> {
  let result: Record<string, unknown> | undefined = first
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { inputRequests, requestState } = inputRequired.parse(result)
    const inputResponses = inputRequests && (await askAll(forwarding.link, inputRequests))
    // A request given up meanwhile ends in `send`, unsent.
    if (inputRequests === undefined) await delay(PACE_MS)
    const params = {
      ...forwarding.params,
      ...(inputResponses && { inputResponses }),
      ...(requestState !== undefined && { requestState }),
    }
    const reply = await send(forwarding, params)
    result = parseReply(reply).result
    if (result?.resultType !== 'input_required') return reply
  }
  throw new GatewayError(
    'upstream_invalid',
    `"${forwarding.route.server.name}" kept asking and never answered.`,
  )
}

async function askAll(link: Link, requests: InputRequests): Promise<Record<string, unknown>> {
  const givenUp = new AbortController()
  link.onCancel((reason) => givenUp.abort(reason))
  const answered = Object.entries(requests).map(async ([key, { method, params }]) => {
    const { result, error } = await link.ask(method, withElicitationId(method, key, params), givenUp.signal)
    if (error !== undefined)
      throw new GatewayError('upstream_invalid', `The client did not answer "${method}": ${error.message}`)
    return [key, result] as const
  })
  return Object.fromEntries(await Promise.all(answered))
}

/** Legacy clients expect an id with a URL to open; the modern server knows none. */
function withElicitationId(method: string, key: string, params: Record<string, unknown> | undefined) {
  const needsId =
    method === 'elicitation/create' && params?.mode === 'url' && params.elicitationId === undefined
  return needsId ? { ...params, elicitationId: key } : params
}
