/** Clients of both eras that keep every byte they were sent. */

export interface Taken {
  where: string
  bytes: Buffer
}

const ACCEPT = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
const CLIENT_CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {} }
const CLIENT_INFO = { name: 'tap', version: '1' }

export type Send = (method: string, params: object, until?: string) => Promise<string>

/** Collects what a gateway says, for a hunt through it. */
export class WireTap {
  readonly taken: Taken[] = []
  #lastId = 0

  /** Text, as it is and as whoever reads the JSON in it sees it. */
  keep(where: string, text: string | Buffer): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    this.keepBytes(where, bytes)
    const decoded = decodedLines(bytes.toString())
    if (decoded !== '') this.taken.push({ where: `${where}, decoded`, bytes: Buffer.from(decoded) })
  }

  /** What is no text. */
  keepBytes(where: string, bytes: Buffer): void {
    this.taken.push({ where, bytes })
  }

  /** Reads the whole answer, or as much of it as there is when `until` has come. */
  async fetch(
    where: string,
    url: string,
    init: RequestInit = {},
    until?: string,
  ): Promise<{ response: Response; text: string }> {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(20_000), ...init })
    const bytes = await bytesOf(response, until)
    const head = `${response.status} ${response.statusText} ${JSON.stringify([...response.headers])}\n`
    this.keep(where, Buffer.concat([Buffer.from(head), bytes]))
    this.keep(where, bytes)
    return { response, text: bytes.toString() }
  }

  /** Asks as a legacy client that answers the question it is asked, when `before` has happened. */
  async answering(url: string, token: string, params: object, before: () => Promise<void>): Promise<string> {
    const authorization = `Bearer ${token}`
    const body = this.#request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: CLIENT_CAPABILITIES,
      clientInfo: CLIENT_INFO,
    })
    const first = { method: 'POST', headers: { ...ACCEPT, authorization }, body }
    const { response: opened } = await this.fetch('initialize', url, first)
    const headers = { ...ACCEPT, authorization, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    const call = { method: 'POST', headers, body: this.#request('tools/call', params) }
    const response = await fetch(url, { ...call, signal: AbortSignal.timeout(20_000) })
    let text = ''
    let hasAnswered = false
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const id =
        /"id":("[^"]+"|\d+),"method":"elicitation/.exec(text)?.[1] ??
        /elicitation\/create".*"id":("[^"]+"|\d+)/.exec(text)?.[1]
      if (hasAnswered || id === undefined) continue
      hasAnswered = true
      await before()
      const answer = `{"jsonrpc":"2.0","id":${id},"result":{"action":"accept","content":{}}}`
      await this.fetch('an answer', url, { method: 'POST', headers, body: answer })
    }
    this.keep(`answering ${JSON.stringify(params)}`, text)
    return text
  }

  /** Sends requests of one era; each answer is kept and given as text. */
  async client(era: 'legacy' | 'modern', url: string, token: string): Promise<Send> {
    const authorization = `Bearer ${token}`
    if (era === 'modern') return (method, params) => this.#modern(url, authorization, method, params)
    const body = this.#request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: CLIENT_CAPABILITIES,
      clientInfo: CLIENT_INFO,
    })
    const { response } = await this.fetch('initialize', url, {
      method: 'POST',
      headers: { ...ACCEPT, authorization },
      body,
    })
    const headers = {
      ...ACCEPT,
      authorization,
      'mcp-session-id': response.headers.get('mcp-session-id') ?? '',
    }
    return async (method, params, until) => {
      const request = { method: 'POST', headers, body: this.#request(method, withProgress(params, {})) }
      const { text } = await this.fetch(`legacy ${method} ${JSON.stringify(params)}`, url, request, until)
      return text
    }
  }

  async #modern(
    url: string,
    authorization: string,
    method: string,
    params: object & { name?: unknown; uri?: unknown },
  ): Promise<string> {
    const name = params.name ?? params.uri
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
      'io.modelcontextprotocol/clientCapabilities': CLIENT_CAPABILITIES,
      'io.modelcontextprotocol/logLevel': 'debug',
    }
    const { text } = await this.fetch(`modern ${method} ${JSON.stringify(params)}`, url, {
      method: 'POST',
      headers: {
        ...ACCEPT,
        authorization,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(typeof name === 'string' && { 'mcp-name': name }),
      },
      body: this.#request(method, withProgress(params, meta)),
    })
    return text
  }

  #request(method: string, params: object): string {
    return JSON.stringify({ jsonrpc: '2.0', id: ++this.#lastId, method, params })
  }
}

async function bytesOf(response: Response, until?: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    if (until !== undefined && Buffer.concat(chunks).includes(until)) break
  }
  return Buffer.concat(chunks)
}

function withProgress(params: object, meta: object): object {
  return { ...params, _meta: { progressToken: 'p-1', ...meta } }
}

/** The JSON in a text, as whoever parses it sees it: escapes undone, and written again without them. */
function decodedLines(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.stringify(JSON.parse(line.replace(/^data: ?/, '')))]
      } catch {
        return []
      }
    })
    .join('\n')
}
