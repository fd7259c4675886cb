import type { Server } from '../model/server.ts'
import type { WorkspaceScene } from './operation.ts'

/** What somebody may choose of any server, wherever it is. A `pin` that is null is the default. */
export interface ServerSettings
  extends Pick<Server, 'enabled' | 'prefix' | 'isolation' | 'timeoutMs' | 'tools'> {
  pin?: Server['pin'] | null
}

/** A server of the scene's workspace as it is stored first, with an id of its own. */
export function newServer(
  { manage, workspace }: WorkspaceScene,
  place: Pick<Server, 'name' | 'target' | 'origin'>,
  { enabled, prefix, isolation, timeoutMs, tools, pin }: ServerSettings,
): Server {
  const now = manage.clock.now()
  return {
    id: manage.newId(),
    workspaceId: workspace.id,
    ...place,
    ...{ enabled, prefix, isolation, timeoutMs, tools },
    ...(pin != null && { pin }),
    createdAt: now,
    updatedAt: now,
  }
}
