import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import type { ControlPlane } from './control-plane.ts'

/** A workspace with one real server, and a developer's token for it. */
export async function prepareMyTeam(gateway: ControlPlane): Promise<{ workspaceUrl: string; token: string }> {
  const owner = await gateway.command('token', 'create', '--name', 'check', '--member', 'check')
  const asOwner = (path: string, body?: Record<string, unknown>) =>
    gateway.api(String(owner.token), 'POST', path, body)
  await asOwner('/workspaces', { slug: 'my-team' })
  const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
  const server = { name: 'everything', command: 'node', args: [program, 'stdio'] }
  await asOwner('/workspaces/my-team/servers', server)
  const { status } = await asOwner('/workspaces/my-team/servers/everything/check')
  assert.equal(status, 'ready')
  const developer = { name: 'agent', member: 'check', role: 'developer' }
  const issued = await asOwner('/workspaces/my-team/tokens', developer)
  return { workspaceUrl: `${gateway.url}/ws/my-team`, token: String(issued.token) }
}
