/** Requests as a client of either era writes them. */
export type Era = 'legacy' | 'modern'
export type Params = Record<string, unknown>

export const REVISION = { legacy: '2025-11-25', modern: '2026-07-28' } as const
const clientInfo = { name: 'bench', version: '1.0.0' }
const envelope = {
  'io.modelcontextprotocol/protocolVersion': REVISION.modern,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Ids have eight digits, so that the next one fits where the last one stood. */
export const FIRST_ID = 10_000_000

/** What a client says first: the handshake of a session, or the question that replaced it. */
export const GREETING = {
  legacy: {
    method: 'initialize',
    params: { protocolVersion: REVISION.legacy, capabilities: {}, clientInfo },
  },
  modern: { method: 'server/discover', params: {} },
}

export function rpcBody(era: Era, id: number | undefined, method: string, given: Params): string {
  const params = era === 'modern' ? { ...given, _meta: envelope } : given
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}

export function rpcHeaders(era: Era, token: string, method: string, params: Params, sessionId?: string) {
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  if (method !== 'initialize') headers['mcp-protocol-version'] = REVISION[era]
  if (sessionId !== undefined) headers['mcp-session-id'] = sessionId
  if (era === 'modern') headers['mcp-method'] = method
  if (era === 'modern' && typeof params.name === 'string') headers['mcp-name'] = params.name
  return headers
}
