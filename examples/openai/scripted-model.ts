import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

export interface ScriptedModel extends AsyncDisposable {
  /** For `OPENAI_BASE_URL`. */
  url: string
}

const SUM = { name: 'everything__get-sum', arguments: '{"a":2,"b":40}' }

interface Item {
  role?: string
  content?: string | null
  type?: string
  output?: string
}

/** Stands in for a model: adds with the workspace's tool, then says what that answered. */
export async function startScriptedModel(): Promise<ScriptedModel> {
  const server = createServer(async (request, response) => {
    // Only the examples of this folder ask.
    const body = (await json(request)) as { messages?: Item[]; input?: Item[]; tools: unknown[] }
    const answer = body.messages === undefined ? responseTo(body.input) : completionTo(body.messages)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function completionTo(messages: Item[]) {
  const told = messages.find(({ role }) => role === 'tool')?.content
  const asks = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: SUM }],
  }
  const message = told === undefined ? asks : { role: 'assistant', content: told }
  const finish_reason = told === undefined ? 'tool_calls' : 'stop'
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  return {
    id: '1',
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    usage,
    choices: [{ index: 0, message, finish_reason }],
  }
}

function responseTo(input: Item[] = []) {
  const told = input.find(({ type }) => type === 'function_call_output')?.output
  const asks = { type: 'function_call', id: 'fc_1', call_id: 'call_1', status: 'completed', ...SUM }
  const content = [{ type: 'output_text', text: told, annotations: [] }]
  const says = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content }
  return {
    id: '1',
    object: 'response',
    created_at: 1,
    model: 'scripted',
    status: 'completed',
    output: [told === undefined ? asks : says],
  }
}
