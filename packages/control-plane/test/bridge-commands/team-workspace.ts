import { ControlPlane } from '../control-plane.ts'
import { EVERYTHING } from '../gateway/everything.ts'
import { answerJson, startHttp } from '../resilience/small-upstream.ts'
import { startScripted } from '../upstreams/scripted-http.ts'

export interface TeamWorkspace extends AsyncDisposable {
  plane: ControlPlane
  url: string
  token: string
  /** The calls that reached the server "odd". */
  calls: string[]
}

/** What a server could write to take over a terminal: colours, a title, the clipboard, erased lines, hidden text. */
export const HOSTILE =
  '\u001b[31mred\u001b]0;title\u0007\u009b2J\u001b]52;c;ZXZpbA==\u0007\rback\u202ereversed'

/** A workspace with the real `everything`, a modern server that asks questions, and one whose every text is hostile. */
export async function openTeamWorkspace(): Promise<TeamWorkspace> {
  const open = new AsyncDisposableStack()
  const plane = open.use(await ControlPlane.start())
  const scripted = open.use(await startScripted('modern'))
  const calls: string[] = []
  const odd = open.use(await startOdd(calls))
  const { url, token } = await plane.workspace('team')
  await Promise.all([
    plane.addServer('team', { name: 'everything', command: 'node', args: [EVERYTHING, 'stdio'] }),
    plane.addServer('team', { name: 'scripted', url: scripted.url }),
    plane.addServer('team', { name: 'odd', url: odd.url }),
  ])
  return { plane, url, token, calls, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const results: Record<string, object> = {
  hostile: { content: [{ type: 'text', text: HOSTILE }] },
  'hostile-error': { content: [{ type: 'text', text: HOSTILE }], isError: true },
  structured: {
    content: [{ type: 'text', text: '{"total":2,"id":9007199254740993}' }],
    structuredContent: { total: 2, id: 9007199254740992 },
  },
  'structured-alone': { content: [{ type: 'text', text: 'Counted.' }], structuredContent: { total: 2 } },
  files: {
    content: [
      { type: 'text', text: 'Two of them.' },
      { type: 'image', mimeType: 'image/png', data: pixel },
      { type: 'audio', mimeType: 'audio/wav', data: 'UklGRg==' },
      { type: 'resource', resource: { uri: 'odd://notes', text: 'A note.' } },
      { type: 'resource_link', uri: 'odd://link', name: 'link' },
      { type: 'hologram', voxels: 1 },
    ],
  },
  long: { content: [{ type: 'text', text: 'x'.repeat(1_000_000) }] },
}

const schema = {
  type: 'object',
  properties: {
    count: { type: 'integer', description: 'how often' },
    exact: { type: 'boolean' },
    label: { type: 'string', description: HOSTILE },
    tags: { type: 'array', items: { type: 'string' } },
    level: { enum: ['low', 'high'] },
  },
  required: ['count', 'level'],
}

const tools = [
  { name: 'hostile', description: HOSTILE, inputSchema: { type: 'object' } },
  { name: 'typed', inputSchema: schema, annotations: { destructiveHint: true } },
  ...['hostile-error', 'structured', 'structured-alone', 'files', 'long', 'silent'].map((name) => ({
    name,
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint: true },
  })),
]

/** A legacy server without sessions. The tool `typed` answers the arguments as they came; `silent` never answers. */
function startOdd(calls: string[]) {
  return startHttp(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    let text = ''
    for await (const chunk of request) text += chunk
    const { id, method, params } = JSON.parse(text)
    const reply = (result: object) => answerJson(response, { jsonrpc: '2.0', id, result })
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'initialize') {
      const serverInfo = { name: 'odd', version: '1' }
      return reply({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo })
    }
    if (method === 'tools/list') return reply({ tools })
    calls.push(params.name)
    if (params.name === 'silent') return undefined
    // As it was written: a number may have more digits than a double.
    const given = /"arguments":(\{.*?\})/.exec(text)?.[1] ?? 'none'
    return reply(results[params.name] ?? { content: [{ type: 'text', text: given }] })
  })
}
