import { asObject, asString } from '../json-object.ts'
import type { ClientMessage } from './client-message.ts'
import type { Courier } from './courier.ts'
import type { MirroredParameters } from './mirrored-parameters.ts'
import { modernHeaders } from './modern-headers.ts'
import type { Refusal } from './refusal.ts'

const headerMismatch = -32020
const maxPages = 20

/**
 * A tool called from a list this bridge never saw (the client kept it from an earlier run) is refused for its
 * missing headers, before it runs. Fetches the list and says whether the call now carries more than before.
 */
export async function relearnParameters(options: {
  message: ClientMessage
  refusal: Refusal
  courier: Courier
  mirrored: MirroredParameters
  signal: AbortSignal
}): Promise<boolean> {
  const { message, refusal, mirrored } = options
  if (message.method !== 'tools/call' || refusal.message?.error?.code !== headerMismatch) return false
  const before = JSON.stringify(modernHeaders(message, mirrored))
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    cursor = await learnPage({ ...options, cursor })
    if (cursor === undefined) break
  }
  return JSON.stringify(modernHeaders(message, mirrored)) !== before
}

async function learnPage(options: {
  message: ClientMessage
  courier: Courier
  mirrored: MirroredParameters
  signal: AbortSignal
  cursor: string | undefined
}): Promise<string | undefined> {
  const { courier, mirrored, signal, cursor } = options
  const list = listRequest(options.message, cursor)
  let nextCursor: string | undefined
  await courier.deliver({
    message: list,
    lane: 'side',
    signal,
    headers: () => modernHeaders(list, mirrored),
    onMessage({ result }) {
      if (result === undefined) return
      mirrored.learn(result)
      nextCursor = asString(result.nextCursor)
    },
  })
  return nextCursor
}

function listRequest(call: ClientMessage, cursor: string | undefined): ClientMessage {
  const { progressToken: _, ...meta } = asObject(call.params?._meta) ?? {}
  const params = { _meta: meta, ...(cursor === undefined ? {} : { cursor }) }
  const id = 'mcpgw-relearn'
  const method = 'tools/list'
  const text = JSON.stringify({ jsonrpc: '2.0', id, method, params })
  return { text, kind: 'request', ids: [id], method, params, modernVersion: call.modernVersion }
}
