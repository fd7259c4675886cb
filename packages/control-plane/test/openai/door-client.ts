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
