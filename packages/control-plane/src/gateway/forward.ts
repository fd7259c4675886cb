import type { Params } from '../protocol/message.ts'
import { type Forwarded, type Forwarding, send, stateOwner } from './forwarding.ts'
import type { ParkedExchanges } from './parked-exchanges.ts'
import { openState } from './request-state.ts'
import { type SettleContext, settle } from './settle.ts'

export interface ForwardContext extends SettleContext {
  parked: ParkedExchanges
}

/** Sends the request to its server and brings the reply into the caller's era. Rejects with GatewayError or RpcError. */
export async function forward(context: ForwardContext, forwarding: Forwarding): Promise<Forwarded> {
  const { caller, request } = forwarding
  if (caller.era === 'legacy') return settle(context, forwarding, await send(forwarding, forwarding.params))
  const state = openState(context.sealer, stateOwner(forwarding), request, context.now())
  if (state?.parked !== undefined) return context.parked.resume(state.parked, context, forwarding)
  const params = state === undefined ? forwarding.params : withState(forwarding.params, state.upstream)
  if (forwarding.upstream.era === 'modern') return settle(context, forwarding, await send(forwarding, params))
  return context.parked.run(context, { ...forwarding, params })
}

function withState(params: Params | undefined, upstreamState: string | undefined): Params {
  const { requestState: _, ...rest } = params ?? {}
  return upstreamState === undefined ? rest : { ...rest, requestState: upstreamState }
}
