import type { ExchangeRequest, Reply } from './exchange.ts'

/** `side` is for what stays open or must not queue behind long calls: streams, answers, notifications. */
export type Lane = 'calls' | 'side'

/** Carries requests to one origin, in one version of HTTP. */
export interface Carrier {
  /** Keeps the promises of `exchange`. */
  send(lane: Lane, request: ExchangeRequest): Promise<Reply>
  /**
   * For after sleep, when no connection is trusted. Streams break off and are opened again by those who keep them. Calls
   * under way may still be answered, so they keep their connections until an answer or the system's sign of death ends them.
   */
  renew(): void
  destroy(): Promise<void>
}

// More calls than this at once wait. A call can wait on the user for minutes, so the number is far above what one
// client runs in parallel, and below what would trouble a gateway.
export const maxCallsAtOnce = 64

export const asleep = 'the machine slept'

/** Said where the other side speaks another version of HTTP than before. Trying again finds out which. */
export const otherProtocol = 'the gateway speaks another version of HTTP now'
