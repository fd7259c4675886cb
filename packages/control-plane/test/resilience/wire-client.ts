/** A legacy client written by hand, for tests that must see statuses, sessions and times for themselves. */

export interface RpcBody {
  id?: unknown
  result?: { content?: { type: string; text: string }[]; isError?: boolean; tools?: { name: string }[] }
  error?: { code: number; message: string; data?: unknown }
}

export interface WireAnswer {
  status: number
  body: RpcBody
}

export class WireClient {
  readonly url: string
  readonly token: string
  sessionId: string | undefined
  #lastId = 0

  constructor(url: string, token: string) {
    this.url = url
    this.token = token
  }

  static async open(url: string, token: string): Promise<WireClient> {
    const client = new WireClient(url, token)
    const { status, body } = await client.send('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'wire', version: '1' },
    })
    if (status !== 200 || body.result === undefined) throw new Error(`${status} ${JSON.stringify(body)}`)
    return client
  }

  get headers(): Record<string, string> {
    return {
      authorization: `Bearer ${this.token}`,
      ...(this.sessionId !== undefined && { 'mcp-session-id': this.sessionId }),
    }
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<WireAnswer> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { ...this.headers, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#lastId, method, params }),
    })
    this.sessionId = response.headers.get('mcp-session-id') ?? this.sessionId
    const text = await response.text()
    // What comes back is our own gateway's JSON-RPC.
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as RpcBody) }
  }

  /** The text a tool answers with; throws with the words of whatever else came. */
  async call(
    name: string,
    args: Record<string, unknown> = {},
    more: Record<string, unknown> = {},
  ): Promise<string> {
    const { status, body } = await this.send('tools/call', { name, arguments: args, ...more })
    const text = body.result?.content?.[0]?.text
    if (status !== 200 || text === undefined || body.result?.isError === true) {
      throw new Error(`${name}: ${status} ${body.error?.message ?? text}`)
    }
    return text
  }

  async tools(): Promise<string[]> {
    const { body } = await this.send('tools/list')
    return (body.result?.tools ?? []).map(({ name }) => name)
  }
}
