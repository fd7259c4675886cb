import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { order } from '../api/request.ts'

/** Ends the session on the control plane, and forgets here what it showed. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    await order('DELETE', ['session']).catch(() => undefined)
    await navigate({ to: '/sign-in' })
    client.clear()
  }
}
