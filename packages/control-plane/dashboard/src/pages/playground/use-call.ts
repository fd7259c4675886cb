import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { tell } from '../../api/request.ts'
import { type CallAnswer, callShape } from '../../api/shapes.ts'

export interface CallRequest {
  name: string
  /** As JSON where it was typed as JSON: no digit of it is lost then. */
  arguments: unknown
  token?: string
  inputResponses?: unknown
  requestState?: unknown
}

/** What came of a call: an answer, or that somebody did not wait for it. */
export type CallOutcome =
  | { kind: 'answered'; request: CallRequest; answer: CallAnswer }
  | { kind: 'cancelled' }

/** Makes one call at a time. `cancel` ends the request, and with it the call. */
export function useCall(slug: string) {
  const running = useRef<AbortController>(undefined)
  const call = useMutation({
    async mutationFn(request: CallRequest): Promise<CallOutcome> {
      const controller = new AbortController()
      running.current = controller
      try {
        const answer = await tell(
          'POST',
          callShape,
          ['workspaces', slug, 'calls'],
          request,
          controller.signal,
        )
        return { kind: 'answered', request, answer }
      } catch (error) {
        if (controller.signal.aborted) return { kind: 'cancelled' }
        throw error
      }
    },
  })
  return { ...call, cancel: () => running.current?.abort() }
}
