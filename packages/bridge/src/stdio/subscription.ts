import { asObject, type JsonObject } from '../json-object.ts'
import { createBackOff } from './back-off.ts'
import type { ClientMessage } from './client-message.ts'
import type { Courier, Headers } from './courier.ts'
import type { Outlet } from './outlet.ts'
import { isLasting } from './refusal.ts'
import type { ServerMessage } from './server-message.ts'

const maxBackOffMs = 4_000

/**
 * Keeps a `subscriptions/listen` of the client open across restarts of the gateway. For the client it stays one
 * subscription: only its first acknowledgement is shown, and it ends by the client's wish or a lasting refusal.
 * Resolves when it is over; rejects with the refusal.
 */
export async function keepSubscription(options: {
  message: ClientMessage
  courier: Courier
  outlet: Outlet
  headers: () => Headers
  signal: AbortSignal
  random: () => number
}): Promise<void> {
  const { message, courier, outlet, headers, signal } = options
  const backOff = createBackOff(maxBackOffMs, options.random)
  let isAcknowledged = false
  let isOver = false

  async function onMessage(received: ServerMessage): Promise<void> {
    if (received.method !== 'notifications/subscriptions/acknowledged') backOff.reset()
    else if (isAcknowledged) return tellWhatMayBeMissed(received, outlet)
    else isAcknowledged = true
    const isEnd = received.answers.length > 0
    if (isEnd && isAcknowledged && (received.error === undefined || isBusy(received))) return
    isOver ||= isEnd
    await outlet.write(received.line)
  }

  while (!isOver && !signal.aborted) {
    try {
      await courier.deliver({ message, lane: 'side', signal, headers, onMessage })
    } catch (error) {
      if (!isAcknowledged || isLasting(error)) throw error
    }
    if (!isOver) await backOff.pause(signal)
  }
}

/** No room for the stream at the moment: the client has its subscription, and calls go on. */
function isBusy({ error }: ServerMessage): boolean {
  const code = asObject(error?.data)?.code
  return code === 'too_many' || code === 'overloaded'
}

const changes: Readonly<Record<string, string>> = {
  toolsListChanged: 'notifications/tools/list_changed',
  promptsListChanged: 'notifications/prompts/list_changed',
  resourcesListChanged: 'notifications/resources/list_changed',
}

/** Changes made while the stream was down were told to nobody, so each list watched is reported as changed. */
async function tellWhatMayBeMissed(acknowledged: ServerMessage, outlet: Outlet): Promise<void> {
  const watched: JsonObject = asObject(acknowledged.params?.notifications) ?? {}
  const meta = asObject(acknowledged.params?._meta)
  for (const [filter, method] of Object.entries(changes)) {
    if (watched[filter] !== true) continue
    await outlet.write(JSON.stringify({ jsonrpc: '2.0', method, params: { _meta: meta } }))
  }
}
