import { asBridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import type { Reply } from '../http/exchange.ts'
import { asObject, asString, type JsonObject } from '../json-object.ts'
import type { ClientMessage } from './client-message.ts'
import type { Courier, Delivery, Headers } from './courier.ts'
import type { Outlet } from './outlet.ts'
import { isLasting, type Refusal } from './refusal.ts'
import { keepServerStream, reopenStream } from './server-stream.ts'

/**
 * The session of revisions up to 2025-11-25: begun by `initialize`, named by a header, lost when the gateway
 * forgets it, and then begun again without the client noticing.
 */
export interface LegacySession {
  /** Takes any message without the modern envelope, in the client's order. */
  deliver(message: ClientMessage, exchange: ClientExchange): Promise<void>
  /** Tells the gateway that the session is over. */
  end(signal: AbortSignal): Promise<void>
}

/** The client's side of one message. */
export type ClientExchange = Pick<Delivery, 'signal' | 'onMessage' | 'onSent'>

interface Opening {
  readonly initialize: ClientMessage
  initialized?: ClientMessage
  id?: string
  protocolVersion?: string
  capabilities?: JsonObject
}

const sessionHeader = 'mcp-session-id'

export function createLegacySession(options: {
  access: Access
  courier: Courier
  outlet: Outlet
  random: () => number
  signal: AbortSignal
}): LegacySession {
  const { access, courier, outlet, random } = options
  let opening: Opening | undefined
  let opened: Promise<void> = Promise.resolve()
  let renewing: Promise<boolean> | undefined
  let closeStream = new AbortController()
  let isStreamRefused = false

  async function deliver(message: ClientMessage, exchange: ClientExchange): Promise<void> {
    const { signal } = exchange
    if (message.method === 'initialize') return hold(begin({ initialize: message }, exchange))
    const mine = opened
    if (message.method === 'notifications/initialized') return hold(mine.then(() => confirm(message, signal)))
    await mine
    await courier.deliver({
      message,
      lane: message.kind === 'request' ? 'calls' : 'side',
      ...exchange,
      headers,
      recover: (refusal, sent) => recover(message, refusal, sent[sessionHeader]),
      resume: (lastEventId) => reopenStream({ access, random, signal, headers, lastEventId }),
    })
    if (isStreamRefused) await reopenServerStream()
  }

  /** What the client sends later depends on the step under way, whether that succeeds or not. */
  function hold(step: Promise<void>): Promise<void> {
    opened = step.catch(() => undefined)
    return step
  }

  async function begin(next: Opening, { signal, onMessage }: ClientExchange): Promise<void> {
    await courier.deliver({
      message: next.initialize,
      lane: 'calls',
      signal,
      headers: () => ({}),
      onReply: (reply) => noteSessionId(next, reply),
      onMessage: (message) => {
        if (message.result !== undefined) noteAgreement(next, message.result)
        return onMessage(message)
      },
    })
    closeStream.abort()
    opening = next
  }

  async function confirm(message: ClientMessage, signal: AbortSignal): Promise<void> {
    await courier.deliver({
      message,
      lane: 'side',
      signal,
      headers,
      onMessage: ({ line }) => outlet.write(line),
    })
    if (opening === undefined) return
    opening.initialized = message
    openServerStream()
  }

  function openServerStream(): void {
    closeStream = new AbortController()
    const signal = AbortSignal.any([closeStream.signal, options.signal])
    const renewAfter = (id: string | undefined) =>
      renew(id).catch((error) => {
        if (isLasting(error)) throw error
        return false
      })
    isStreamRefused = false
    keepServerStream({ access, random, signal, headers, outlet, sessionHeader, renewAfter }).catch(
      (error) => {
        isStreamRefused = true
        outlet.tell(asBridgeError(error).sentence)
      },
    )
  }

  /** A message got through again, so whatever refused the stream is mended: by a login, for example. */
  async function reopenServerStream(): Promise<void> {
    openServerStream()
    await tellListsChanged()
  }

  async function recover(
    message: ClientMessage,
    refusal: Refusal,
    sentId: string | undefined,
  ): Promise<boolean> {
    const isAnswer = message.ids.some((id) => refusal.message?.answers.includes(id))
    if (refusal.status !== 404 || sentId === undefined || isAnswer) return false
    // The request this answers died with its session.
    return (await renew(sentId)) && message.kind !== 'response'
  }

  /** Begins the session again, once however many messages found it gone. */
  function renew(goneId: string | undefined): Promise<boolean> {
    if (opening?.id !== goneId) return Promise.resolve(true)
    renewing ??= beginAgain().finally(() => {
      renewing = undefined
    })
    return renewing
  }

  async function beginAgain(): Promise<boolean> {
    if (opening === undefined) return false
    const { initialize, initialized } = opening
    await begin({ initialize }, { signal: options.signal, onMessage: () => undefined })
    if (initialized === undefined) return true
    await confirm(initialized, options.signal)
    await tellListsChanged()
    return true
  }

  /** What changed while no session was open was told to nobody. */
  async function tellListsChanged(): Promise<void> {
    for (const kind of ['tools', 'prompts', 'resources']) {
      if (asObject(opening?.capabilities?.[kind])?.listChanged !== true) continue
      await outlet.write(JSON.stringify({ jsonrpc: '2.0', method: `notifications/${kind}/list_changed` }))
    }
  }

  function headers(): Headers {
    return {
      ...(opening?.id === undefined ? {} : { [sessionHeader]: opening.id }),
      ...(opening?.protocolVersion === undefined ? {} : { 'mcp-protocol-version': opening.protocolVersion }),
    }
  }

  async function end(signal: AbortSignal): Promise<void> {
    closeStream.abort()
    if (opening?.id === undefined) return
    const reply = await access.send({ method: 'DELETE', lane: 'side', headers: headers(), signal })
    reply.body.destroy()
  }

  return { deliver, end }
}

function noteSessionId(opening: Opening, reply: Reply): void {
  const id = reply.headers[sessionHeader]
  if (id !== undefined) opening.id = id
}

function noteAgreement(opening: Opening, result: JsonObject): void {
  const version = asString(result.protocolVersion)
  const capabilities = asObject(result.capabilities)
  if (version !== undefined) opening.protocolVersion = version
  if (capabilities !== undefined) opening.capabilities = capabilities
}
