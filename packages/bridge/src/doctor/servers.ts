import type { ServerState } from '../api/shapes.ts'
import { BridgeError } from '../bridge-error.ts'
import { failed, type Observation, ok, skipped, warning } from './finding.ts'
import type { Scene } from './scene.ts'

/** How is each server of the workspace? */
export async function checkServers({ api }: Scene): Promise<Observation[]> {
  try {
    const servers = await api.servers()
    if (servers.length > 0) return servers.map(judgeServer)
    return [warning('The workspace has no servers yet.', 'Have an admin add one.')]
  } catch (error) {
    if (error instanceof BridgeError && error.reason === 'forbidden')
      return [skipped('The token may not see them')]
    throw error
  }
}

export function judgeServer({ name, status, tools, error }: ServerState): Observation {
  if (status === 'ready') return ok(`${name}: ${tools} ${tools === 1 ? 'tool' : 'tools'}`)
  if (status === 'disabled') return skipped(`${name}: switched off`)
  const message = `${name}: ${status.replaceAll('_', ' ')}${error === undefined ? '' : `. ${error.message}`}`
  return status === 'failing' ? failed(message, error?.fix, 'server_error') : warning(message, error?.fix)
}
