import { tell } from '../../api/request.ts'
import { type Workspace, workspaceShape } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'

interface Change {
  name?: string
  audit?: { capture?: 'on' | 'off'; retentionDays?: number | null }
}

/** Changes a workspace, and has every page see it, also those that list workspaces. */
export function useChangeWorkspace(slug: string): (change: Change) => Promise<Workspace> {
  const refresh = useRefresh()
  return async (change) => {
    const changed = await tell('PATCH', workspaceShape, ['workspaces', slug], change)
    await Promise.all([refresh(slug), refresh()])
    return changed
  }
}
