// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a template is what is tested
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startStreamable } from '../resilience/recording-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

const PRINTENV = join(import.meta.dirname, '../servers/printenv-stdio.ts')
const MASTER_KEY = randomBytes(32).toString('base64')
/** In the environment of the control plane, under names that somebody could ask for. */
const OF_THE_PROCESS = 'env-of-the-process-4711'

/** Ways in which other programs take in a variable or run a command. */
const TEMPLATES = [
  '${PATH}',
  '$HOME',
  '${MCPGW_MASTER_KEY}',
  '%PATH%',
  '${env:UNKNOWN}',
  '`id`',
  '$(id)',
  '{{ NAME }}',
  '{{MY-NAME}}',
  '{{{{TOKEN}}}}',
  '{{TOKEN',
]
const PLACEHOLDER = '{{TOKEN}}'

const open = new AsyncDisposableStack()
let plane: ControlPlane
let workspace: { slug: string; url: string; token: string }

beforeAll(async () => {
  const env = {
    MCPGW_MASTER_KEY: MASTER_KEY,
    UNKNOWN: OF_THE_PROCESS,
    TOKEN: OF_THE_PROCESS,
    UP_TOKEN: OF_THE_PROCESS,
  }
  plane = open.use(await ControlPlane.start({ env }))
  workspace = await plane.workspace('team')
})

afterAll(() => open.disposeAsync())

const servers = () => `/workspaces/${workspace.slug}/servers`

/** The templates that a server may be saved with in one field; the others were refused as invalid. */
async function saved(serverWith: (template: string) => Record<string, unknown>): Promise<string[]> {
  const accepted: string[] = []
  for (const template of TEMPLATES) {
    const { status, body } = await plane.tryApi('POST', servers(), serverWith(template))
    expect(JSON.stringify(body)).not.toContain(MASTER_KEY)
    if (status === 201) accepted.push(template)
    else expect([template, status]).toEqual([template, 400])
    if (status === 201) await plane.api('DELETE', `${servers()}/${body.name}`)
  }
  return accepted
}

/** An HTTP server that writes down what it is asked, and refuses. */
async function startListener() {
  const seen: { path: string; headers: NodeJS.Dict<string | string[]> }[] = []
  const server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', headers: request.headers })
    response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  // A TCP server has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const nothingOfTheProcess = (text: string) => {
  for (const value of [MASTER_KEY, OF_THE_PROCESS, plane.dataDir]) expect(text).not.toContain(value)
}

describe('[V10] what looks like a variable', () => {
  it('in a URL or a header is refused or goes out as it stands', async () => {
    await using listener = await startListener()
    const { url } = listener
    const inPath = await saved((template) => ({ name: 'one', url: `${url}/a/${template}` }))
    const inQuery = await saved((template) => ({ name: 'one', url: `${url}/?q=${template}` }))
    const inHost = await saved((template) => ({ name: 'one', url: `http://${template}.example.com/` }))
    const asName = await saved((template) => ({ name: 'one', url, headers: { [template]: 'x' } }))
    const asValue = await saved((template) => ({ name: 'one', url, headers: { 'X-Own': template } }))
    // A host that is saved is a name that does not exist; a header's name that is saved is a legal one.
    expect(inHost.filter((template) => /[{}]/.test(template))).toEqual([])
    expect(asName.filter((template) => /[{}()]/.test(template))).toEqual([])
    expect(asValue).toEqual(TEMPLATES.filter((template) => !template.includes('{{')))

    const headers = Object.fromEntries([
      ...asValue.map((template, at) => [`X-Own-${at}`, template]),
      ...asName.map((name) => [name, 'x']),
    ])
    const addresses = [
      ...inPath.map((template) => `${url}/a/${template}`),
      ...inQuery.map((template) => `${url}/?q=${template}`),
    ]
    for (const address of addresses) {
      await plane.addServer(workspace.slug, { name: 'one', url: address, headers })
      const { path, headers: arrived } = listener.seen.at(-1) ?? { path: '', headers: {} }
      expect(path).toBe(new URL(address).pathname + new URL(address).search)
      for (const [name, value] of Object.entries(headers)) expect(arrived[name.toLowerCase()]).toBe(value)
      await plane.api('DELETE', `${servers()}/one`)
    }
    expect(addresses.length).toBeGreaterThan(5)
    nothingOfTheProcess(JSON.stringify(listener.seen))
  })

  it('in a command, an argument or the environment of a hosted server is refused or stays as it is', async () => {
    const hosted = { name: 'own', command: 'node', args: [PRINTENV] }
    const asCommand = await saved((template) => ({ ...hosted, command: template }))
    const asArgument = await saved((template) => ({ ...hosted, args: [PRINTENV, template] }))
    const asVariable = await saved((template) => ({ ...hosted, env: { [template]: 'x' } }))
    const asValue = await saved((template) => ({ ...hosted, env: { OWN: template } }))
    expect(asCommand.filter((template) => template.includes('{{'))).toEqual([])
    expect(asVariable).toEqual([])
    const plain = TEMPLATES.filter((template) => !template.includes('{{'))
    expect(asArgument).toEqual(plain)
    expect(asValue).toEqual(plain)

    for (const command of asCommand) {
      const checked = await plane.addServer(workspace.slug, { ...hosted, command })
      expect([command, checked.status]).toEqual([command, 'failing'])
      nothingOfTheProcess(JSON.stringify(checked))
      await plane.api('DELETE', `${servers()}/own`)
    }
    const env = Object.fromEntries(asValue.map((template, at) => [`OWN_${at}`, template]))
    await plane.addServer(workspace.slug, { ...hosted, args: [PRINTENV, ...asArgument], env })
    const client = await WireClient.open(workspace.url, workspace.token)
    const text = await client.call('own__printenv')
    // The hosted program writes this.
    const seen = JSON.parse(text) as { args: string[]; env: Record<string, string> }
    expect(seen.args).toEqual(asArgument)
    expect(seen.env).toMatchObject(env)
    for (const value of [MASTER_KEY, OF_THE_PROCESS]) expect(text).not.toContain(value)
  })

  it('in a name or a selection is refused or kept as it is', async () => {
    await using listener = await startListener()
    expect(await saved((template) => ({ name: template, url: listener.url }))).toEqual([])
    for (const template of [...TEMPLATES, PLACEHOLDER]) {
      await plane.api('PATCH', `/workspaces/${workspace.slug}`, { name: template })
      expect((await plane.api('GET', `/workspaces/${workspace.slug}`)).name).toBe(template)
      const tools = { allow: [template], deny: [template] }
      const added = await plane.api('POST', servers(), { name: 'kept', url: listener.url, tools })
      expect(added.toolRules).toEqual(tools)
      await plane.api('DELETE', `${servers()}/kept`)
    }
  })

  it("in a credential's value is not expanded: a value is never looked at again", async () => {
    await using listener = await startListener()
    const value = 'has {{OTHER}} and ${PATH} and {{TOKEN}} inside'
    const values = { TOKEN: value, OTHER: 'value-of-other' }
    await plane.api('POST', servers(), {
      name: 'remote',
      url: listener.url,
      headers: { 'X-Own': 'a {{TOKEN}} {{OTHER}}' },
    })
    await plane.api('PUT', `${servers()}/remote/credential`, { values })
    await plane.api('POST', `${servers()}/remote/check`)
    expect(listener.seen.at(-1)?.headers['x-own']).toBe(`a ${value} value-of-other`)
  })
})

describe('[V11] a server without a credential', () => {
  const headers = { Authorization: 'Bearer {{TOKEN}}', 'X-Second': '{{UP_TOKEN}}' }

  it("gets no other workspace's and none of the process's, and is not asked", async () => {
    await using upstream = await startStreamable()
    const [rich, poor] = [await plane.workspace('rich'), await plane.workspace('poor')]
    const values = { TOKEN: 'value-of-the-rich', UP_TOKEN: 'second-of-the-rich' }
    for (const { slug } of [rich, poor]) {
      await plane.api('POST', `/workspaces/${slug}/servers`, { name: 'up', url: upstream.url, headers })
      await plane.api('PUT', `/workspaces/${slug}/servers/up/credential`, { values })
      await plane.api('POST', `/workspaces/${slug}/servers/up/check`)
    }
    await plane.api('DELETE', '/workspaces/poor/servers/up/credential')
    const client = await WireClient.open(poor.url, poor.token)
    // What ends the old sessions is on its way; it carries nothing.
    await waitForQuiet(upstream.arrivals)
    await expect(client.call('up__whoami')).rejects.toThrow('The credential has no value named TOKEN.')
    const checked = await plane.api('POST', '/workspaces/poor/servers/up/check')
    expect(checked).toMatchObject({
      status: 'needs_credential',
      error: { message: expect.stringContaining('TOKEN, UP_TOKEN') },
    })
    expect(upstream.arrivals).toEqual([])
    const other = await WireClient.open(rich.url, rich.token)
    await other.call('up__whoami')
    expect(upstream.arrivals.length).toBeGreaterThan(0)
  })

  it('is not asked with a part of it, and the part that is missing is named', async () => {
    await using upstream = await startStreamable()
    await plane.api('POST', servers(), { name: 'partly', url: upstream.url, headers })
    await plane.api('PUT', `${servers()}/partly/credential`, { values: { TOKEN: 'the-first-of-two' } })
    const checked = await plane.api('POST', `${servers()}/partly/check`)
    expect(checked).toMatchObject({ status: 'needs_credential' })
    expect(JSON.stringify(checked.error)).toContain('UP_TOKEN')
    expect(JSON.stringify(checked.error)).not.toContain('for TOKEN')
    expect(upstream.arrivals).toEqual([])
  })

  it('is not started as a process either', async () => {
    await plane.api('POST', servers(), {
      name: 'child',
      command: 'node',
      args: [PRINTENV],
      env: { SECRET: '{{UNKNOWN}}' },
    })
    const checked = await plane.api('POST', `${servers()}/child/check`)
    expect(checked).toMatchObject({ status: 'needs_credential', tools: 0 })
    expect(JSON.stringify(checked)).toContain('UNKNOWN')
    expect(JSON.stringify(checked)).not.toContain(OF_THE_PROCESS)
  })
})

/** Until nothing came for a while; then forgets what came. */
async function waitForQuiet(arrivals: unknown[]): Promise<void> {
  for (let before = -1; before !== arrivals.length; ) {
    before = arrivals.length
    await new Promise((later) => setTimeout(later, 50))
  }
  arrivals.length = 0
}
