import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { ControlPlane } from '../control-plane.ts'
import { TestBrowser } from './browse.ts'

/** The workspace `team`, its admin, and a browser. */
export class TeamWorkspace {
  readonly plane: ControlPlane
  readonly adminToken: string
  readonly #developerToken: string

  private constructor(plane: ControlPlane, adminToken: string, developerToken: string) {
    this.plane = plane
    this.adminToken = adminToken
    this.#developerToken = developerToken
  }

  static async open(plane: ControlPlane): Promise<TeamWorkspace> {
    const { token } = await plane.workspace('team')
    return new TeamWorkspace(plane, await plane.token('team', { role: 'admin', member: 'ada' }), token)
  }

  /** The same workspace at another replica. */
  at(plane: ControlPlane): TeamWorkspace {
    return new TeamWorkspace(plane, this.adminToken, this.#developerToken)
  }

  async add(name: string, url: string, oauth: object = { client: 'dynamic' }): Promise<void> {
    await this.plane.api('POST', '/workspaces/team/servers', { name, url, oauth })
  }

  show(name: string): Promise<Record<string, unknown>> {
    return this.plane.api('GET', `/workspaces/team/servers/${name}`)
  }

  async begin(name: string, input: object = {}): Promise<string> {
    const path = `/workspaces/team/servers/${name}/login`
    return String((await this.plane.api('POST', path, input, this.adminToken)).authorizationUrl)
  }

  get callbackUrl(): string {
    return `${this.plane.url}/oauth/callback`
  }

  /** Goes through the whole login; gives the last page. */
  async logIn(name: string, input: object = {}): Promise<Response> {
    return this.finish(await this.comeBack(name, input))
  }

  /** Logs in there, and gives the address that the browser comes back to. */
  async comeBack(name: string, input: object = {}): Promise<string> {
    return new TestBrowser().follow(await this.begin(name, input), this.callbackUrl)
  }

  /** Shows at the end of a login that it is the admin who began it. */
  async finish(callback: string, proof = this.adminToken): Promise<Response> {
    const answer = new URL(callback).searchParams
    answer.set('proof', proof)
    return fetch(`${this.callbackUrl}/finish`, { method: 'POST', body: answer })
  }

  /** Calls a tool as a developer does; gives the text it answers. */
  async call(tool: string): Promise<string> {
    const client = new Client({ name: 'test', version: '1.0.0' })
    const headers = { authorization: `Bearer ${this.#developerToken}` }
    const transport = new StreamableHTTPClientTransport(new URL(`${this.plane.url}/ws/team`), {
      requestInit: { headers },
    })
    await client.connect(transport as Parameters<typeof client.connect>[0])
    const result = await client.callTool({ name: tool, arguments: {} })
    await client.close()
    return JSON.stringify(result.content)
  }

  async logRows(method: string): Promise<Record<string, unknown>[]> {
    const { items } = await this.plane.api('GET', '/workspaces/team/audit?limit=200&kind=management')
    return (items as Record<string, unknown>[]).filter((row) => row.method === method)
  }
}
