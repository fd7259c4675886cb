import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { RpcRequest } from '../protocol/message.ts'
import { RPC, RpcError } from '../protocol/rpc-error.ts'

/** What the vault offers for things that travel through clients' hands. */
export interface StateSealer {
  seal(plain: Uint8Array, context: string): string
  open(sealed: string, context: string): Uint8Array | undefined
}

const stateSchema = z.object({
  /** The server's own state, or absent where it had none. */
  upstream: z.string().optional(),
  /** A legacy server's exchange that waits in this process. */
  parked: z.string().optional(),
  /** Unix milliseconds. */
  until: z.number(),
})

export type RequestState = z.infer<typeof stateSchema>

/** Whose state it is. An owner's token opens several workspaces, which may have servers of the same name. */
export interface StateOwner {
  tokenId: string
  serverId: string
}

/** Longer than a person takes to answer a question, shorter than a client keeps one open. */
export const STATE_LIFE_MS = 10 * 60_000

/**
 * A `requestState` comes back from whoever holds it. Sealed to the token, the server, the method and the arguments
 * it was made for, it is of no use for anything else (specification, basic/patterns/mrtr of 2026-07-28).
 */
export function sealState(
  sealer: StateSealer,
  owner: StateOwner,
  request: RpcRequest,
  state: RequestState,
): string {
  return sealer.seal(Buffer.from(JSON.stringify(state)), contextOf(owner, request))
}

/** Opens the state of a retry. Throws RpcError for one that was made up, changed, moved or kept too long. */
export function openState(
  sealer: StateSealer,
  owner: StateOwner,
  request: RpcRequest,
  now: number,
): RequestState | undefined {
  const sealed = request.params?.requestState
  if (sealed === undefined) return undefined
  const plain = typeof sealed === 'string' ? sealer.open(sealed, contextOf(owner, request)) : undefined
  const state = plain && stateSchema.safeParse(JSON.parse(Buffer.from(plain).toString())).data
  if (state !== undefined && state.until > now) return state
  throw new RpcError(
    RPC.invalidParams,
    'The requestState is not one that was given for this request, or it is too old. Send the request without it.',
  )
}

function contextOf({ tokenId, serverId }: StateOwner, { method, params }: RpcRequest): string {
  const { name, uri, arguments: args } = params ?? {}
  const digest = createHash('sha256').update(JSON.stringify([method, name, uri, args]))
  return `${tokenId} ${serverId} ${digest.digest('base64url')}`
}
