import { useQuery } from '@tanstack/react-query'
import { Navigate } from '@tanstack/react-router'
import { workspacesQuery } from '../api/queries.ts'
import { Loaded } from '../parts/loaded.tsx'
import { useSession } from './session.tsx'

/** To the one workspace there is, or to the choice of them. */
export function Home() {
  const { workspace } = useSession()
  const workspaces = useQuery({ ...workspacesQuery, enabled: workspace === undefined })
  if (workspace !== undefined) return <Navigate to="/w/$slug" params={{ slug: workspace }} replace />
  return (
    <Loaded query={workspaces}>
      {({ items: [first, ...others] }) =>
        first !== undefined && others.length === 0 ? (
          <Navigate to="/w/$slug" params={{ slug: first.slug }} replace />
        ) : (
          <Navigate to="/workspaces" replace />
        )
      }
    </Loaded>
  )
}
