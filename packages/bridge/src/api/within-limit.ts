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
    const what = signal.aborted
      ? `did not answer within ${limitMs / 1000} seconds`
      : `cannot be reached (${error.message})`
    throw new BridgeError('unreachable', `${origin} ${what}.`, {
      fix: 'Check the URL, and that the gateway runs.',
      cause: error,
    })
  }
}
