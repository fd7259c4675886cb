import type { Route } from '../aggregation/workspace-index.ts'
import type { Outcome } from '../model/audit-row.ts'
import { GatewayError } from '../model/error.ts'
import type { Params, RpcNotification, RpcRequest } from '../protocol/message.ts'
import { type Identity, withoutBaggage } from '../protocol/modern-envelope.ts'
import type { Reply } from '../protocol/reply-bytes.ts'
import type { RpcError } from '../protocol/rpc-error.ts'
import type { ChannelFailure } from '../upstream/channel.ts'
import type { PeerListener } from '../upstream/peer.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type Answer, type Caller, type Link, wantsLog } from './caller.ts'
import type { StateOwner } from './request-state.ts'

/** One request on its way to the server that serves it. */
export interface Forwarding {
  caller: Caller
  link: Link
  /** As the caller sent it. */
  request: RpcRequest
  /** The same params in the server's own names. */
  params: Params | undefined
  route: Route
  upstream: Upstream
  headers?: Record<string, string>
}

/** What became of it. */
export interface Forwarded extends Answer {
  outcome: Outcome
  reason?: string
  /** Ours, where it was not the server that answered. */
  error?: RpcError | GatewayError
}

export function stateOwner({ caller, route }: Forwarding): StateOwner {
  return { tokenId: caller.principal.tokenId, serverId: route.server.id }
}

/** One round to the server. A legacy caller is asked on its own stream what the server wants to know. */
export function send(forwarding: Forwarding, params: Params | undefined): Promise<Reply> {
  const { link } = forwarding
  return new Promise((resolve, reject) => {
    let cancelled = false
    let cancel: (reason: string) => void = () => {}
    link.onCancel((reason) => {
      cancelled = true
      cancel(reason)
      reject(new GatewayError('cancelled', 'The client gave the request up.'))
    })
    if (cancelled) return
    cancel = start(forwarding, params, {
      notification: (message) => passOn(forwarding, message),
      request: ({ method, params: asked }, withdrawn) => link.ask(method, asked, withdrawn),
      reply: resolve,
      failure: (failure) => reject(failureOf(failure, forwarding)),
    })
  })
}

export function start(
  forwarding: Forwarding,
  params: Params | undefined,
  listener: PeerListener,
): (reason: string) => void {
  const { caller, upstream, request, headers } = forwarding
  return upstream.call(
    caller.profile,
    {
      method: request.method,
      params: withoutBaggage(params),
      identity: identityOf(caller),
      owner: caller.principal.tokenId + caller.profile.session + (caller.call ?? ''),
      ...(headers && { headers }),
    },
    listener,
  )
}

function identityOf({ clientInfo, capabilities, logLevel }: Caller): Identity {
  return { clientInfo, capabilities, logLevel }
}

export function passOn({ caller, link }: Forwarding, message: RpcNotification): void {
  if (message.method === 'notifications/message' && !wantsLog(caller, message.params?.level)) return
  link.notify(message)
}

/** A request that ran out of its time is told apart from one that never reached its server. */
export function failureOf({ error }: ChannelFailure, { route }: Forwarding): GatewayError {
  if (error.message.startsWith(`"${route.server.name}"`)) return error
  const fix = error.fix === undefined ? {} : { fix: error.fix }
  return new GatewayError(error.code, `"${route.server.name}": ${error.message}`, { cause: error, ...fix })
}
