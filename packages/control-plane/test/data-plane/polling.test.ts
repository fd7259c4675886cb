import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerJson, startHttp } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

it('fetches the rest of an answer although the credential was changed while the server had closed its stream', async () => {
  await using plane = await ControlPlane.start()
  const paused = Promise.withResolvers<void>()
  let callId = 0
  await using upstream = await startHttp(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const events = (text: string) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text)
    if (request.method === 'GET') {
      if (request.headers['last-event-id'] !== 'e1') return void response.writeHead(405).end()
      const result = { content: [{ type: 'text', text: 'the rest' }] }
      return void events(`id: e2\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: callId, result })}\n\n`)
    }
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString())
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    const reply = (result: object) => answerJson(response, { jsonrpc: '2.0', id, result })
    if (method === 'initialize') {
      const serverInfo = { name: 'polled', version: '1' }
      return reply({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo })
    }
    if (method === 'tools/list') return reply({ tools: [{ name: 'poll', inputSchema: { type: 'object' } }] })
    callId = id
    events('id: e1\ndata: \n\n')
    paused.resolve()
  })
  const { url, token } = await plane.workspace('polling')
  const headers = { authorization: 'Bearer {{TOKEN}}' }
  await plane.api('POST', '/workspaces/polling/servers', { name: 's', url: upstream.url, headers })
  const path = '/workspaces/polling/servers/s'
  await plane.api('PUT', `${path}/credential`, { values: { TOKEN: 'first-secret' } })
  await plane.api('POST', `${path}/check`)
  const client = await WireClient.open(url, token)
  const answer = client.call('s__poll')
  await paused.promise
  await plane.api('PUT', `${path}/credential`, { values: { TOKEN: 'second-secret' } })
  expect(await answer).toBe('the rest')
})
