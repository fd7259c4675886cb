import { GatewayError } from '../model/error.ts'
import type { Link } from './caller.ts'

/** The link of a caller who hears nothing but the answer, is asked by it, and may go away before. */
export function silentLink(signal: AbortSignal): Link {
  return {
    notify: () => {},
    ask: () => Promise.reject(new GatewayError('unsupported', 'A modern client is asked by its answer.')),
    onCancel(listener) {
      const cancelled = () => listener('The caller went away.')
      if (signal.aborted) cancelled()
      else signal.addEventListener('abort', cancelled, { once: true })
    },
  }
}
