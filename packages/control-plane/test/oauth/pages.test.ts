import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { codeRequest, encode, makePkce, postForm } from './client.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

let plane: ControlPlane
let url = ''
let token = ''

beforeAll(async () => {
  plane = await ControlPlane.start()
  const workspace = await plane.workspace('acme')
  url = workspace.url
  token = workspace.token
})

afterAll(() => plane[Symbol.asyncDispose]())

describe('the Connect page', () => {
  it('says what to type, without asking who is there', async () => {
    const response = await fetch(url, { headers: BROWSER })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8')
    expect(response.headers.get('vary')).toMatch(/Accept.*User-Agent/)
    const page = await response.text()
    for (const words of [
      `npx -y --allow-remote=all ${url} login`,
      `npx -y --allow-remote=all ${url} install`,
      'npm_config_fetch_retries',
      'Bearer YOUR_TOKEN',
    ]) {
      expect(page).toContain(words)
    }
  })

  it('does not tell which workspaces there are', async () => {
    const there = await fetch(url, { headers: BROWSER })
    const nowhere = await fetch(`${plane.url}/ws/nowhere`, { headers: BROWSER })
    expect(nowhere.status).toBe(there.status)
    expect((await nowhere.text()).replaceAll('nowhere', 'acme')).toBe(await there.text())
  })

  it.each<[string, string, Record<string, string>]>([
    ['an MCP client that opens its stream', 'GET', { accept: 'text/event-stream' }],
    [
      'an MCP client that takes anything',
      'GET',
      { accept: 'application/json, text/event-stream, text/html' },
    ],
    ['a client that names nothing', 'GET', { accept: '*/*' }],
    ['npm', 'GET', { ...BROWSER, 'user-agent': 'npm/11.19.1 node/v24.0.0 linux x64 workspaces/false' }],
    ['npm that hides its name', 'GET', { ...BROWSER, 'pacote-req-type': 'tarball' }],
    ['an MCP message', 'POST', BROWSER],
    ['the end of a session', 'DELETE', BROWSER],
  ])('is not what %s gets', async (_what, method, headers) => {
    const response = await fetch(url, { method, headers })
    expect(response.headers.get('content-type') ?? '').not.toMatch(/html/)
    await response.body?.cancel()
  })
})

it('[W4] sends every page with headers that keep it from being framed, kept, or made to load things', async () => {
  const request = codeRequest(url, 'http://127.0.0.1:9/callback', makePkce().challenge)
  const form = { ...request, decision: 'approve' }
  const invite = await plane.api('POST', '/workspaces/acme/invites', { member: 'Ada', role: 'developer' })
  const pages = await Promise.all([
    fetch(url, { headers: BROWSER }),
    fetch(`${plane.url}/oauth/authorize?${encode(request)}`),
    fetch(`${plane.url}/oauth/authorize`),
    fetch(`${plane.url}/oauth/device`),
    fetch(String(invite.link)),
    fetch(`${plane.url}/invite/none`),
    postForm(`${plane.url}/oauth/authorize`, { ...form, proof: 'wrong' }),
    postForm(`${plane.url}/oauth/authorize`, { ...form, proof: token }),
    postForm(`${plane.url}/oauth/device/check`, { user_code: 'BBBB-BBBB' }),
    postForm(`${plane.url}/oauth/device/decide`, 'x=1', { 'content-type': 'text/plain' }),
    postForm(`${plane.url}/oauth/device/check`, `user_code=${'x'.repeat(20_000)}`),
  ])
  expect(pages.map(({ status }) => status)).toEqual([200, 200, 400, 200, 200, 404, 403, 303, 404, 400, 413])
  for (const { headers } of pages) {
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'")
    expect(policy).not.toContain('unsafe')
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': expect.stringMatching(/^(?:no-referrer|same-origin)$/),
    })
    expect(headers.has('access-control-allow-origin')).toBe(false)
    expect(headers.has('set-cookie')).toBe(false)
  }
})

it('lets the form of a login end at the program that began it, and nowhere else', async () => {
  const ask = (redirectUri: string) =>
    fetch(`${plane.url}/oauth/authorize?${encode(codeRequest(url, redirectUri, makePkce().challenge))}`)
  const { headers } = await ask('http://127.0.0.1:4711/callback')
  expect(headers.get('content-security-policy')).toMatch(/; form-action 'self' http:\/\/127\.0\.0\.1:4711$/)
})

it('sends the stylesheet once, and then says that it is the same', async () => {
  const first = await fetch(`${plane.url}/pages/style.css`)
  expect(first.headers.get('content-type')).toBe('text/css; charset=utf-8')
  const etag = first.headers.get('etag') ?? ''
  expect(etag).toMatch(/^"\w+"$/)
  const again = await fetch(`${plane.url}/pages/style.css`, { headers: { 'if-none-match': etag } })
  expect(again.status).toBe(304)
})

it('never shows a token again', async () => {
  const form = { ...codeRequest(url, 'http://127.0.0.1:9/callback', makePkce().challenge), proof: token }
  const { status, text } = await postForm(`${plane.url}/oauth/authorize`, {
    ...form,
    role: 'admin',
    decision: 'approve',
  })
  expect(status).toBe(403)
  expect(text).not.toContain(token)
  expect(plane.stderr + plane.stdout).not.toContain(token)
})
