import { withinLimit } from '../api/within-limit.ts'
import { readText } from '../http/server-events.ts'
import { explainRefusal, readRefusal } from '../stdio/refusal.ts'
import { failed, type Observation, ok } from './finding.ts'
import { type Scene, stepLimitMs } from './scene.ts'

const revision = '2026-07-28'
const maxBytes = 1024 * 1024

/** Does the workspace open with the token, by the door that clients use? */
export async function checkWorkspace(scene: Scene): Promise<Observation[]> {
  const workspace = await scene.workspace()
  const { role, workspace: theirs } = await scene.identity()
  if (role !== 'owner' && theirs !== undefined && theirs !== workspace.slug) {
    return [
      failed(
        `The token is for the workspace "${theirs}", not for "${workspace.slug}".`,
        'Log in with the URL of the workspace the token was issued for.',
        'forbidden',
      ),
    ]
  }
  const startedAt = performance.now()
  await discover(scene)
  const tookMs = Math.round(performance.now() - startedAt)
  return [ok(`"${workspace.slug}" opens with the token (${tookMs} ms)`)]
}

async function discover({ access }: Scene): Promise<void> {
  const workspace = await access.workspace()
  const limit = { origin: workspace.origin, limitMs: stepLimitMs }
  await withinLimit(limit, async (signal) => {
    const reply = await access.send({ ...question(), signal })
    if (reply.status !== 200) throw explainRefusal(await readRefusal(reply), workspace)
    await readText(reply, maxBytes)
  })
}

function question() {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'mcpgw doctor', version: '1' },
  }
  return {
    method: 'POST',
    lane: 'calls',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': revision,
      'mcp-method': 'server/discover',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta } }),
  } as const
}
