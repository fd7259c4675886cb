import { answerJson, type SmallUpstream, startHttp } from '../resilience/small-upstream.ts'

/** A server that opens to one secret at a time, and knows which it was shown. */
export interface GuardedServer extends SmallUpstream {
  /** What it accepts from now on. */
  accepts(token: string): void
  /** The tokens that calls came with, one for each. */
  calledWith: string[]
}

/** `shows` is how the header `authorization`, or another, presents the secret. */
export async function startGuarded(
  first: string,
  tools: readonly string[],
  { header = 'authorization', shows = (secret: string) => `Bearer ${secret}` } = {},
): Promise<GuardedServer> {
  let accepted = first
  const calledWith: string[] = []
  const server = await startHttp(async (request, response) => {
    if (request.headers[header] !== shows(accepted)) return void response.writeHead(401).end()
    if (request.method !== 'POST') return void response.writeHead(405).end()
    let text = ''
    for await (const chunk of request) text += chunk
    const { id, method, params } = JSON.parse(text)
    const reply = (result: object) => answerJson(response, { jsonrpc: '2.0', id, result })
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'initialize') {
      return reply({
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'guarded', version: '1' },
      })
    }
    if (method === 'tools/list')
      return reply({ tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) })
    calledWith.push(accepted)
    return reply({ content: [{ type: 'text', text: `${params.name} was called` }] })
  })
  return Object.assign(server, {
    calledWith,
    accepts(token: string) {
      accepted = token
    },
  })
}
