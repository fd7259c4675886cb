import { setTimeout as delay } from 'node:timers/promises'
import type { Principal } from '../model/principal.ts'
import type { Server } from '../model/server.ts'
import type { Manage } from './context.ts'
import { describeServer, type ServerAnswer } from './server-answer.ts'

// A remote server answers within one, a program that is there already within three; a package to be installed takes
// longer than anybody likes to wait for an answer.
const WAIT_MS = 5_000

const CANNOT_BE_MET: ReadonlySet<ServerAnswer['status']> = new Set([
  'needs_credential',
  'needs_login',
  'disabled',
])

/**
 * Describes a server that was just added or changed, with what meeting it showed. Where that takes longer it goes on,
 * and the server is described as it is by then.
 */
export async function describeChecked(
  manage: Manage,
  principal: Principal,
  server: Server,
): Promise<ServerAnswer> {
  const unmet = await describeServer(manage, principal, server)
  if (CANNOT_BE_MET.has(unmet.status)) return unmet
  const soon = new AbortController()
  const check = manage.inspector.check(server).finally(() => soon.abort())
  const late = delay(WAIT_MS, undefined, { signal: soon.signal }).catch(() => undefined)
  const health = await Promise.race([check, late])
  return describeServer(manage, principal, server, health)
}
