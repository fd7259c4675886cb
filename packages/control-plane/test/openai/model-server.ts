/**
 * A model of OpenAI's two APIs without a mind of its own: it says what the test scripted, and holds every request
 * against the published rules. With a tool of the type `mcp` it is the MCP client, as the Responses API is.
 */
import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import { chatRequest, type McpTool, responsesRequest } from './published-rules.ts'

type Json = Record<string, unknown>

export interface ScriptedCall {
  name: string
  args: Json
}

/** What the model says next: calls, or a text that ends the loop. Is given the texts of the last results. */
export type Step = (results: string[]) => ScriptedCall[] | string

export interface ModelServer extends AsyncDisposable {
  /** For the SDK's `baseURL`. */
  url: string
  /** Begins a conversation anew. */
  play(steps: Step[]): void
  /** Every request so far, as it came. */
  requests: Json[]
}

export async function startModelServer(): Promise<ModelServer> {
  const requests: Json[] = []
  let steps: Step[] = []
  let made = 0
  const next = (results: string[]) => {
    const said = steps.shift()?.(results) ?? 'There is nothing more in the script.'
    return typeof said === 'string' ? said : said.map((call) => ({ ...call, id: `call_${++made}` }))
  }
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Json
    requests.push(body)
    try {
      if (request.url === '/v1/chat/completions') answerChat(body, next, response)
      else if (request.url === '/v1/responses') await answerResponses(body, next, response)
      else throw new Error(`There is no ${request.url} here.`)
    } catch (error) {
      const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }))
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`,
    requests,
    play(scripted) {
      steps = [...scripted]
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

type Said = string | (ScriptedCall & { id: string })[]
type Next = (results: string[]) => Said

function answerChat(body: Json, next: Next, response: ServerResponse): void {
  const { messages, stream } = chatRequest.parse(body)
  const lastAsked = messages.findLastIndex(({ role }) => role === 'assistant')
  const results = inOrder(
    messages
      .slice(lastAsked + 1)
      .flatMap((one) => (one.role === 'tool' ? [{ id: one.tool_call_id, text: one.content }] : [])),
  )
  const said = next(results)
  const calls = typeof said === 'string' ? undefined : said.map(chatCall)
  const message = {
    role: 'assistant',
    content: calls === undefined ? said : null,
    ...(calls && { tool_calls: calls }),
  }
  const finish_reason = calls === undefined ? 'stop' : 'tool_calls'
  const head = { id: 'chatcmpl-1', created: 1, model: 'scripted' }
  if (stream !== true)
    return sendJson(response, {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason }],
    })
  const deltas = [
    { role: 'assistant', content: typeof said === 'string' ? said : null },
    ...(calls ?? []).flatMap(chatDeltas).map((call) => ({ tool_calls: [call] })),
  ]
  const chunk = (delta: Json, finish: string | null) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const chunks = [...deltas.map((delta) => chunk(delta, null)), chunk({}, finish_reason)]
  sendEvents(response, [...chunks.map((one) => JSON.stringify(one)), '[DONE]'])
}

function chatCall({ id, name, args }: ScriptedCall & { id: string }) {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } }
}

/** The arguments come in pieces, as a model writes them. */
function chatDeltas({ id, type, function: called }: ReturnType<typeof chatCall>, index: number): Json[] {
  const pieces = called.arguments.match(/.{1,7}/gs) ?? []
  return [
    { index, id, type, function: { name: called.name, arguments: '' } },
    ...pieces.map((piece) => ({ index, function: { arguments: piece } })),
  ]
}

async function answerResponses(body: Json, next: Next, response: ServerResponse): Promise<void> {
  const { input, stream, tools = [] } = responsesRequest.parse(body)
  const items = typeof input === 'string' ? [] : input
  const lastAsked = items.findLastIndex((item) => 'type' in item && item.type === 'function_call')
  const results = inOrder(
    items
      .slice(lastAsked + 1)
      .flatMap((item) =>
        'type' in item && item.type === 'function_call_output'
          ? [{ id: String(item.call_id), text: textOf(item.output) }]
          : [],
      ),
  )
  const mcp = tools.find((tool): tool is McpTool => tool.type === 'mcp')
  const output = mcp === undefined ? itemsOf(next(results)) : await useMcp(mcp, next)
  const answer = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: 'scripted',
    status: 'completed',
    output,
    tools: [],
    parallel_tool_calls: true,
  }
  if (stream !== true) return sendJson(response, answer)
  const events = [
    { type: 'response.created', response: { ...answer, status: 'in_progress', output: [] } },
    ...output.flatMap(itemEvents),
    { type: 'response.completed', response: answer },
  ]
  sendEvents(
    response,
    events.map((event, at) => JSON.stringify({ ...event, sequence_number: at })),
  )
}

/** A model finds results by the ids of its calls, in whatever order they come. */
function inOrder(results: { id: string; text: string }[]): string[] {
  const number = ({ id }: { id: string }) => Number(id.replace('call_', ''))
  return results.toSorted((one, other) => number(one) - number(other)).map(({ text }) => text)
}

function textOf(output: unknown): string {
  if (typeof output === 'string') return output
  return (output as { text?: string; type: string }[]).map(({ type, text }) => text ?? `<${type}>`).join('\n')
}

function itemsOf(said: Said): Json[] {
  if (typeof said === 'string') return [messageOf(said)]
  return said.map(({ id, name, args }) => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id: id,
    name,
    arguments: JSON.stringify(args),
    status: 'completed',
  }))
}

function messageOf(text: string): Json {
  const content = [{ type: 'output_text', text, annotations: [] }]
  return { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content }
}

function itemEvents(item: Json, output_index: number): Json[] {
  if (item.type !== 'function_call') {
    return [
      { type: 'response.output_item.added', output_index, item: { ...item, content: [] } },
      { type: 'response.output_item.done', output_index, item },
    ]
  }
  const place = { output_index, item_id: item.id }
  const pieces = String(item.arguments).match(/.{1,7}/gs) ?? []
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, arguments: '' } },
    ...pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })),
    { type: 'response.function_call_arguments.done', ...place, arguments: item.arguments },
    { type: 'response.output_item.done', output_index, item },
  ]
}

/** Lists and calls by itself until the script ends with a text. */
async function useMcp(tool: McpTool, next: Next): Promise<Json[]> {
  const { server_label, server_url, authorization, headers = {}, allowed_tools } = tool
  const client = new Client({ name: 'openai-mcp', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(server_url), {
    requestInit: {
      headers: {
        ...headers,
        ...(authorization !== undefined && { authorization: `Bearer ${authorization}` }),
      },
    },
  })
  // The SDK's transport was typed without exactOptionalPropertyTypes in mind.
  await client.connect(transport as Parameters<Client['connect']>[0])
  try {
    const { tools } = await client.listTools()
    const listed = tools.filter(({ name }) => allowed_tools?.includes(name) ?? true)
    const items: Json[] = [
      { type: 'mcp_list_tools', id: 'mcpl_1', server_label, tools: listed.map(mcpListed) },
    ]
    let results: string[] = []
    for (;;) {
      const said = next(results)
      if (typeof said === 'string') return [...items, messageOf(said)]
      results = []
      for (const { id, name, args } of said) {
        const { content } = await client.callTool({ name, arguments: args })
        const output = (content as { text?: string }[]).map(({ text }) => text).join('\n')
        results.push(output)
        items.push({ type: 'mcp_call', id, server_label, name, arguments: JSON.stringify(args), output })
      }
    }
  } finally {
    await client.close()
  }
}

function mcpListed({ name, description, inputSchema, annotations }: Json): Json {
  return { name, description, input_schema: inputSchema, annotations }
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function sendEvents(response: ServerResponse, events: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(`data: ${event}\n\n`)
  response.end()
}
