import { ANY_PROGRAM, createManagement } from './create-management.ts'
import type { createAdminApp } from './http/admin/app.ts'
import { listen } from './http/front-server.ts'
import { tendLog } from './log-keeping.ts'
import type { Manage } from './manage/context.ts'
import type { Storage } from './model/stores.ts'
import { openDataPlane } from './open-data-plane.ts'
import { openDoors } from './open-doors.ts'
import { type AppOptions, openFoundations } from './open-foundations.ts'
import { OpenThings } from './open-things.ts'
import { startPackageUpkeep } from './package-upkeep.ts'

/** The rooms, introduced to one another. */
export interface App extends AsyncDisposable {
  manage: Manage
  storage: Storage
  admin: ReturnType<typeof createAdminApp>
  /** Everything that is served beside the MCP door and the bridge's package, in the words of the router. */
  routes: readonly { method: string; path: string }[]
  /** Listens on the host and port of the settings; resolves with the port. */
  listen(): Promise<number>
  /** Begins to count what is logged, and what the log needs from time to time: checkpoints, pruning. Rejects when it cannot. */
  tend(): Promise<void>
  /** Starts the servers of every workspace. */
  warm(): Promise<void>
  /** Takes no new requests, lets the running ones finish for at most this long, and ends the streams. */
  drain(limitMs: number): Promise<void>
}

/** Opens everything that is kept and wires the rooms. Rejects with `configuration` when something is in the way. */
export async function openApp(options: AppOptions): Promise<App> {
  const opened = new OpenThings()
  try {
    return await wire(options, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function wire(options: AppOptions, opened: OpenThings): Promise<App> {
  const foundations = await openFoundations(options, opened)
  const dataPlane = openDataPlane(foundations, opened)
  const manage = createManagement(foundations, dataPlane)
  const { admin, routes, front, drain } = await openDoors(foundations, dataPlane, manage, opened)
  const { settings, storage, state, upkeep, follower, hosting, log } = foundations
  return {
    ...{ manage, storage, admin, routes, drain },
    async listen() {
      state.port = await listen(front, settings.host, settings.port)
      state.ready = true
      return state.port
    },
    async tend() {
      follower.start()
      await tendLog(foundations, upkeep)
      if (hosting !== undefined) upkeep.add(startPackageUpkeep({ storage, npm: hosting.npm, log }))
    },
    async warm() {
      const sandbox = hosting?.sandboxOf(ANY_PROGRAM)
      if (sandbox?.kind === 'none') log.warn(`Hosted servers run without a sandbox. ${sandbox.reason}`)
      await dataPlane.workspaces.warm()
    },
    async [Symbol.asyncDispose]() {
      if (front.listening) await drain(0)
      await opened.close()
    },
  }
}
