/** Every door that takes a token, as a raw request that a good token would open. */
export interface TokenDoor {
  name: string
  line: string
  headers: string[]
  body: string
}

export const MODERN = '2026-07-28'

export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

const JSON_BODY = 'Content-Type: application/json'
const BOTH = 'Accept: application/json, text/event-stream'

function rpc(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}

/** `sessionId` is that of a legacy session of the good token in this workspace. */
export function tokenDoors(slug: string, sessionId: string): TokenDoor[] {
  const mcp = `/ws/${slug}`
  const session = `Mcp-Session-Id: ${sessionId}`
  const modern = [JSON_BODY, BOTH, `MCP-Protocol-Version: ${MODERN}`, 'Mcp-Method: tools/list']
  const initialize = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  }
  const admin = (method: string, path: string, body = '') => ({
    name: `admin ${method}`,
    line: `${method} /api/v1${path}`,
    headers: body === '' ? [] : [JSON_BODY],
    body,
  })
  return [
    {
      name: 'MCP POST, legacy',
      line: `POST ${mcp}`,
      headers: [JSON_BODY, BOTH],
      body: rpc('initialize', initialize),
    },
    {
      name: 'MCP POST, session',
      line: `POST ${mcp}`,
      headers: [JSON_BODY, BOTH, session],
      body: rpc('tools/list', {}),
    },
    {
      name: 'MCP POST, modern',
      line: `POST ${mcp}`,
      headers: modern,
      body: rpc('tools/list', { _meta: ENVELOPE }),
    },
    { name: 'MCP GET', line: `GET ${mcp}`, headers: ['Accept: text/event-stream', session], body: '' },
    { name: 'OpenAI tools', line: `GET ${mcp}/openai/tools`, headers: [], body: '' },
    {
      name: 'OpenAI calls',
      line: `POST ${mcp}/openai/calls`,
      headers: [JSON_BODY],
      body: JSON.stringify({ tool_calls: [] }),
    },
    { name: 'MCP DELETE', line: `DELETE ${mcp}`, headers: [session], body: '' },
    admin('GET', '/whoami'),
    admin('POST', '/workspaces', '{"slug":"made-by-nobody","name":"x"}'),
    admin('PATCH', `/workspaces/${slug}`, '{"name":"renamed by nobody"}'),
    admin('PUT', `/workspaces/${slug}/servers/up/credential`, '{"values":{"TOKEN":"set-by-nobody"}}'),
    { ...admin('GET', `/workspaces/${slug}/audit/tail`), name: 'log tail' },
    admin('DELETE', `/workspaces/${slug}`),
  ]
}
