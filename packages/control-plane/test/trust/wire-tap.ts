/** Clients of both eras that keep every byte they were sent. */

export interface Taken {
  where: string
  bytes: Buffer
}

const ACCEPT = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
const CLIENT_CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {} }
const CLIENT_INFO = { name: 'tap', version: '1' }

/** Collects what a gateway says, for a hunt through it. */
export class WireTap {
  readonly taken: Taken[] = []
  #lastId = 0

  keep(where: string, text: string | Buffer): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    this.taken.push({ where, bytes })
    const decoded = decodedLines(bytes.toString())
    if (decoded !== '') this.taken.push({ where: `${where}, decoded`, bytes: Buffer.from(decoded) })
  }

  async fetch(where: string, url: string, init: RequestInit = {}): Promise<{ response: Response; text: string }> {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(20_000), ...init })
    const bytes = Buffer.from(await response.arrayBuffer())
    const head = `${response.status} ${response.statusText} ${JSON.stringify([...response.headers])}\n`
    this.keep(where, Buffer.concat([Buffer.from(head), bytes]))
    this.keep(where, bytes)
    return { response, text: bytes.toString() }
  }

  /** Sends requests of one era; each answer is kept and given as text. */
  async client(era: 'legacy' | 'modern', url: string, token: string): Promise<(method: string, params: object) => Promise<string>> {
    const authorization = `Bearer ${token}`
    if (era === 'modern') return (method, params) => this.#modern(url, authorization, method, params)
    const body = this.#request('initialize', { protocolVersion: '2025-11-25', capabilities: CLIENT_CAPABILITIES, clientInfo: CLIENT_INFO })
    const { response } = await this.fetch('initialize', url, { method: 'POST', headers: { ...ACCEPT, authorization }, body })
    const headers = { ...ACCEPT, authorization, 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' }
    return async (method, params) => {
      const { text } = await this.fetch(`legacy ${method} ${JSON.stringify(params)}`, url, {
        method: 'POST',
        headers,
        body: this.#request(method, withProgress(params, {})),
      })
      return text
    }
  }

  async #modern(url: string, authorization: string, method: string, params: object & { name?: unknown; uri?: unknown }): Promise<string> {
    const name = params.name ?? params.uri
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
      'io.modelcontextprotocol/clientCapabilities': CLIENT_CAPABILITIES,
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
