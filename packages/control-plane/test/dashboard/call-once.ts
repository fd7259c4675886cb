import type { ControlPlane } from '../control-plane.ts'

export interface OneCall {
  slug: string
  token: string
  /** How the client calls itself. */
  client: { name: string; version: string }
  tool: string
  arguments?: Record<string, unknown>
}

/** A legacy client that says who it is, calls one tool, and leaves. Answers whether it got an answer, good or bad. */
export async function callOnce(
  plane: ControlPlane,
  { slug, token, client, tool, ...rest }: OneCall,
): Promise<boolean> {
  const send = (method: string, params: object, session?: string) =>
    fetch(`${plane.url}/ws/${slug}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(session !== undefined && { 'mcp-session-id': session }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
  const first = await send('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: client,
  })
  await first.text()
  const call = { name: tool, arguments: rest.arguments ?? {} }
  const answer = await send('tools/call', call, first.headers.get('mcp-session-id') ?? '')
  await answer.text()
  return answer.ok
}
