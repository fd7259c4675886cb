import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import {
  type AuthorizationServerOptions,
  sendJson,
  startAuthorizationServer,
} from './authorization-server.ts'
import { type ProtectedServerOptions, startProtectedServer } from './protected-server.ts'
import { TeamWorkspace } from './team-workspace.ts'

const CANARY = 'canary-5d1c07a9e2f84b36'

let plane: ControlPlane
let team: TeamWorkspace
let sink: Awaited<ReturnType<typeof startSink>>
let added = 0

beforeAll(async () => {
  sink = await startSink()
  plane = await ControlPlane.start()
  team = await TeamWorkspace.open(plane)
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await sink[Symbol.asyncDispose]()
})

const open = new Set<AsyncDisposable>()

afterEach(async () => {
  for (const thing of open) await thing[Symbol.asyncDispose]()
  open.clear()
  expect(sink.requests).toEqual([])
})

/** Where nothing of ours should ever arrive. */
async function startSink() {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function prepare(
  authorizationOptions: AuthorizationServerOptions,
  serverOptions: Partial<ProtectedServerOptions> = {},
): Promise<string> {
  const authorization = await startAuthorizationServer(authorizationOptions)
  const server = await startProtectedServer({ ...authorization, ...serverOptions })
  open.add(server)
  open.add(authorization)
  const name = `hostile-${++added}`
  await team.add(name, server.url)
  return name
}

async function refusal(name: string): Promise<Record<string, unknown>> {
  const path = `/workspaces/team/servers/${name}/login`
  const { status, body } = await plane.tryApi('POST', path, {}, team.adminToken)
  expect(status).toBeGreaterThanOrEqual(400)
  expect(JSON.stringify(body)).not.toContain(CANARY)
  expect(String(body.fix)).toMatch(/\.$/)
  return body
}

const isMetadata = ({ url }: IncomingMessage) => url?.includes('/.well-known/') === true

describe('[M28] a login is not begun', () => {
  it('[M6] where a server wants tokens for another one than itself', async () => {
    for (const resource of [sink.url, 'https://mail.example/mcp', 'not a url']) {
      const name = await prepare({}, { metadata: (own) => ({ ...own, resource }) })
      expect((await refusal(name)).detail).toMatch(/wants a login for another server than itself\.$/)
    }
  })

  it('where the metadata is that of another issuer', async () => {
    const name = await prepare({ metadata: (own) => ({ ...own, issuer: sink.url }) })
    expect((await refusal(name)).code).toBe('upstream_invalid')
  })

  it.each([
    ['says nothing of PKCE', undefined],
    ['has the plain method alone', ['plain']],
  ])('where the authorization server %s', async (_what, methods) => {
    const name = await prepare({ metadata: (own) => ({ ...own, code_challenge_methods_supported: methods }) })
    expect((await refusal(name)).detail).toMatch(/does not support PKCE with S256\.$/)
  })

  it.each([
    ['token_endpoint', 'http://169.254.169.254/token'],
    ['registration_endpoint', 'http://10.0.0.7/register'],
    ['authorization_endpoint', 'http://[fd00:ec2::254]/authorize'],
  ])('[M7] where the %s is at a private address', async (endpoint, url) => {
    const name = await prepare({ metadata: (own) => ({ ...own, [endpoint]: url }) })
    expect((await refusal(name)).detail).toMatch(/leads to a private, local or reserved address\.$/)
  })

  it.each([
    ['javascript:alert(1)//'],
    ['data:text/html,x'],
    ['file:///etc/passwd'],
    ['http://user:secret@127.0.0.1/authorize'],
  ])('where the page to log in at is %s', async (url) => {
    const name = await prepare({ metadata: (own) => ({ ...own, authorization_endpoint: url }) })
    expect((await refusal(name)).detail).toMatch(/names an address that does not begin with https:\/\/\.$/)
  })

  it('[M7] where the authorization server itself is at a private address', async () => {
    for (const issuer of [
      'http://10.1.2.3',
      'http://192.168.0.1/tenant',
      'http://metadata.google.internal',
    ]) {
      const name = await prepare({}, { issuer })
      expect((await refusal(name)).detail).toMatch(/leads to a private, local or reserved address\.$/)
    }
  })

  it('[M6] where the metadata is somewhere else', async () => {
    const name = await prepare({
      before(request, response) {
        if (isMetadata(request)) response.writeHead(302, { location: sink.url }).end()
        return isMetadata(request)
      },
    })
    expect((await refusal(name)).detail).toMatch(/redirects to another address/)
  })

  it('where the metadata never ends', async () => {
    const name = await prepare({ metadata: (own) => ({ ...own, more: 'x'.repeat(1_000_000) }) })
    expect((await refusal(name)).detail).toMatch(/answers with more than a login needs\.$/)
  })

  it('where registering is refused, and says nothing of the words it was refused with', async () => {
    const name = await prepare({
      before(request, response) {
        if (request.url !== '/reg') return false
        sendJson(response, { error: 'invalid_client_metadata', error_description: CANARY }, 400)
        return true
      },
    })
    expect((await refusal(name)).detail).toMatch(/refused the login \(invalid_client_metadata\)\.$/)
  })

  it('where a client cannot register itself', async () => {
    const name = await prepare({ registration: false })
    expect(await refusal(name)).toMatchObject({ fix: expect.stringContaining('pre-registered') })
  })
})

describe('[M28] a login comes to nothing', () => {
  it.each<[string, AuthorizationServerOptions['before'] & object]>([
    [
      'redirects from its token endpoint',
      (_request, response) => void response.writeHead(307, { location: sink.url }).end(),
    ],
    [
      'answers with a token of another kind',
      (_request, response) => sendJson(response, { access_token: CANARY, token_type: 'mac' }),
    ],
    [
      'answers with a token that is two lines',
      (_request, response) => sendJson(response, { access_token: `${CANARY}\r\nx: y`, token_type: 'Bearer' }),
    ],
    [
      'answers with an error in words of its own',
      (_request, response) => sendJson(response, { error: CANARY, error_description: CANARY }, 400),
    ],
    ['answers with a page', (_request, response) => void response.end(`<p>${CANARY}</p>`)],
    ['is broken', (_request, response) => void response.writeHead(500).end(CANARY)],
  ])('where the authorization server %s', async (_what, answer) => {
    const name = await prepare({
      async before(request, response) {
        if (request.url !== '/token') return false
        await answer(request, response)
        return true
      },
    })
    const page = await team.logIn(name)
    expect(page.status).toBe(502)
    const text = await page.text()
    expect(text).toContain('You are not logged in')
    expect(text).not.toContain(CANARY)
    expect(await team.show(name)).toMatchObject({ status: 'needs_login', oauth: { login: 'none' } })
  })
})
