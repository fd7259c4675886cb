/** The door as an application uses it: plain `fetch`. */
type Json = Record<string, unknown>

export interface Door {
  url: string
  token: string
}

export interface Event {
  event: string
  data: Json
}

/** The list under `tools`; throws what was answered instead. */
export async function toolsOf({ url, token }: Door, query: string): Promise<Json[]> {
  const { status, body } = await ask({ url, token }, 'GET', `tools?${query}`)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.tools as Json[]
}

export async function ask(
  { url, token }: Door,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(`${url}/openai/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Json, headers: response.headers }
}

export async function call(door: Door, body: unknown, query = ''): Promise<Json> {
  const answer = await ask(door, 'POST', `calls${query}`, body)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

/** The events of a stream as they come. */
export async function* stream({ url, token }: Door, body: unknown, query = ''): AsyncGenerator<Event> {
  const response = await fetch(`${url}/openai/calls${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    body: JSON.stringify(body),
  })
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) }
    }
  }
}

/** A call of Chat Completions. */
export function chatCall(id: string, name: string, args: unknown): Json {
  const text = typeof args === 'string' ? args : JSON.stringify(args)
  return { id, type: 'function', function: { name, arguments: text } }
}

export interface Asked {
  id: string
  name: string
  args: Json
}

/** What a model reads of one call. */
export interface Read {
  id: string
  text: string
  isError: boolean
}

/** One format as its applications use it: how they send calls, and what of the answer the model reads. */
export interface Dialect {
  body(calls: Asked[]): Json
  read(answer: Json): Read[]
}

const withErrorWord = (id: unknown, text: unknown): Read => ({
  id: String(id),
  text: String(text).replace(/^Error: /, ''),
  isError: /^Error: /.test(String(text)),
})

export const DIALECTS: Record<'chat' | 'responses' | 'anthropic' | 'gemini', Dialect> = {
  chat: {
    body: (calls) => ({ tool_calls: calls.map(({ id, name, args }) => chatCall(id, name, args)) }),
    read: ({ messages }) =>
      (messages as Json[]).map(({ tool_call_id, content }) => withErrorWord(tool_call_id, content)),
  },
  responses: {
    body: (calls) => ({
      output: calls.map(({ id, name, args }) => ({
        type: 'function_call',
        call_id: id,
        name,
        arguments: JSON.stringify(args),
      })),
    }),
    read: ({ input }) =>
      (input as Json[]).map(({ call_id, output }) => withErrorWord(call_id, textsOf(output))),
  },
  anthropic: {
    body: (calls) => ({
      role: 'assistant',
      content: calls.map(({ id, name, args }) => ({ type: 'tool_use', id, name, input: args })),
    }),
    read: ({ content }) =>
      (content as Json[]).map(({ tool_use_id, content: parts, is_error }) => ({
        id: String(tool_use_id),
        text: textsOf(parts),
        isError: is_error === true,
      })),
  },
  gemini: {
    body: (calls) => ({
      parts: calls.map(({ id, name, args }) => ({ functionCall: { id, name, args } })),
    }),
    read: ({ parts }) =>
      (parts as { functionResponse: { id: string; response: { error?: string; output?: unknown } } }[]).map(
        ({ functionResponse: { id, response } }) => ({
          id,
          text: String(response.error ?? response.output),
          isError: response.error !== undefined,
        }),
      ),
  },
}

export const FORMAT_NAMES = Object.keys(DIALECTS) as (keyof typeof DIALECTS)[]

function textsOf(content: unknown): string {
  if (typeof content === 'string') return content
  return (content as { type: string; text?: string }[])
    .map(({ type, text }) => text ?? `<${type}>`)
    .join('\n')
}
