import { useQuery } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext } from 'react'
import { ApiError } from '../api/api-error.ts'
import { whoamiQuery } from '../api/queries.ts'
import type { Whoami } from '../api/shapes.ts'
import { ErrorNotice } from '../parts/error-notice.tsx'
import { SignInRedirect } from './sign-in-redirect.tsx'

const SessionContext = createContext<Whoami | undefined>(undefined)

/** Shows its content to who is signed in, and the way to sign in to who is not. */
export function SignedIn({ children }: { children: ReactNode }) {
  const whoami = useQuery(whoamiQuery)
  if (whoami.data !== undefined && !isSignedOut(whoami.error))
    return <SessionContext value={whoami.data}>{children}</SessionContext>
  if (isSignedOut(whoami.error)) return <SignInRedirect />
  if (whoami.isError) {
    return (
      <main className="alone">
        <h1 className="aside">mcpgw</h1>
        <ErrorNotice error={whoami.error} retry={() => void whoami.refetch()} />
      </main>
    )
  }
  return null
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

/** Who is signed in. Only below `SignedIn`. */
export function useSession(): Whoami {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('useSession needs SignedIn around it')
  return session
}

/** Whether the role includes an action, in the control plane's own words, such as `server.write`. */
export function useMay(): (action: string) => boolean {
  const { actions } = useSession()
  return (action) => actions.includes(action)
}
