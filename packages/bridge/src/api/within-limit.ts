import { BridgeError } from '../bridge-error.ts'
import { TransportError } from '../http/transport-error.ts'

/** Does one exchange with a gateway within a time limit. A connection that fails becomes a sentence for people. */
export async function withinLimit<T>(
  { origin, limitMs }: { origin: string; limitMs: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(limitMs)
  try {
    return await work(signal)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    if (!signal.aborted) throw explainSilence(error, origin)
    throw new BridgeError('unreachable', `${origin} did not answer within ${limitMs / 1000} seconds.`, {
      fix: 'Check the URL, and that the gateway runs.',
      cause: error,
    })
  }
}

/** A connection that failed, in words. */
export function explainSilence(error: TransportError, origin: string): BridgeError {
  return new BridgeError('unreachable', `${origin} cannot be reached (${error.message}).`, {
    fix: error.fix ?? 'Check the URL, and that the gateway runs.',
    cause: error,
  })
}
