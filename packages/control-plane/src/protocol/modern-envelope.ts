import { z } from 'zod'
import type { Params } from './message.ts'
import { MODERN_REVISION } from './revisions.ts'
import { RPC, RpcError } from './rpc-error.ts'

/** The members of `params._meta` that every request of 2026-07-28 carries (specification, basic/index#_meta). */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

export interface ModernEnvelope {
  clientInfo: unknown
  clientCapabilities: Record<string, unknown>
  logLevel: string | undefined
}

const record = z.record(z.string(), z.unknown())

/** Whether a message claims to be of the modern era. */
export function claimsModern(params: Params | undefined): boolean {
  return params?._meta?.[META.protocolVersion] !== undefined
}

/** Reads the envelope of a modern request. Throws the RpcError that the specification asks for. */
export function readEnvelope(params: Params | undefined): ModernEnvelope {
  const meta = params?._meta ?? {}
  const requested = meta[META.protocolVersion]
  if (typeof requested !== 'string') throw missing(META.protocolVersion)
  if (requested !== MODERN_REVISION) throw unsupportedRevision(requested)
  const capabilities = record.safeParse(meta[META.clientCapabilities])
  if (!capabilities.success) throw missing(META.clientCapabilities)
  const logLevel = meta[META.logLevel]
  return {
    clientInfo: meta[META.clientInfo],
    clientCapabilities: capabilities.data,
    logLevel: typeof logLevel === 'string' ? logLevel : undefined,
  }
}

function missing(key: string): RpcError {
  return new RpcError(
    RPC.invalidParams,
    `params._meta["${key}"] is missing or not what ${MODERN_REVISION} asks for.`,
  )
}

export function unsupportedRevision(requested: string): RpcError {
  const message = `This server speaks ${MODERN_REVISION}, not "${requested.slice(0, 64)}".`
  return new RpcError(RPC.unsupportedProtocolVersion, message, { supported: [MODERN_REVISION], requested })
}

/** Who asks, as written into requests to modern servers on behalf of a legacy client or of the gateway itself. */
export interface Identity {
  clientInfo: unknown
  capabilities: object
  logLevel?: string | undefined
}

/** The params with the modern envelope around them; other members of `_meta` stay. */
export function withEnvelope(params: Params | undefined, identity: Identity): Params {
  const meta: Record<string, unknown> = {
    ...params?._meta,
    [META.protocolVersion]: MODERN_REVISION,
    [META.clientInfo]: identity.clientInfo,
    [META.clientCapabilities]: identity.capabilities,
  }
  if (identity.logLevel !== undefined) meta[META.logLevel] = identity.logLevel
  return { ...params, _meta: meta }
}

/**
 * The params without W3C baggage: what somebody's systems tell one another along a trace is not for a server of others.
 * The ids of the trace itself, `traceparent` and `tracestate`, stay.
 */
export function withoutBaggage(params: Params | undefined): Params | undefined {
  if (params?._meta?.baggage === undefined) return params
  const { baggage: _, ...meta } = params._meta
  return { ...params, _meta: meta }
}

/** The params without the modern envelope, for a legacy server; other members of `_meta` stay. */
export function withoutEnvelope(params: Params | undefined): Params | undefined {
  if (!claimsModern(params)) return params
  const meta = { ...params?._meta }
  for (const key of [META.protocolVersion, META.clientInfo, META.clientCapabilities, META.logLevel])
    delete meta[key]
  const { _meta, ...rest } = params as Params
  return Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta }
}
