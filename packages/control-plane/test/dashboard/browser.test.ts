import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, openBrowser, openPage } from '../oauth/browser.ts'
import { type Gateway, openGateway } from './open-gateway.ts'

/** A page that offers the test what the dashboard's own script would do. */
const SCRIPT = `
globalThis.api = async (method, path, json) => {
  const response = await fetch('/api/v1' + path, {
    method,
    ...(json && { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
  })
  return response.status
}
globalThis.follow = (path) => new Promise((resolve) => {
  const source = new EventSource('/api/v1' + path)
  source.onopen = () => resolve('open')
  source.onerror = () => resolve('refused')
})
// By the page itself: what a test evaluates may do more than a page.
const tries = [
  () => new Function('return 1')(),
  () => { document.querySelector('#root').innerHTML = '<img src=x onerror="globalThis.ran = true">' },
  () => { document.createElement('script').text = 'globalThis.ran = true' },
  () => trustedTypes.createPolicy('own', {}),
]
function attempt() {
  globalThis.tried = tries.map((one) => {
    try { one() } catch (error) { return error.name }
    return 'ran'
  })
}
if (location.pathname === '/system') attempt()
document.querySelector('#root').textContent = 'ready'
`
const INDEX =
  '<!doctype html><html><head><link rel="icon" href="data:,"><script type="module" src="./assets/a.js"></script></head><body><div id="root"></div></body></html>'

describe.skipIf(noBrowser !== undefined)(`a session in a real browser ${noBrowser ?? ''}`, () => {
  let folder: string
  let gateway: Gateway
  let browser: Browser
  let token: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcpgw-dist-'))
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), INDEX)
    writeFileSync(join(folder, 'assets/a.js'), SCRIPT)
    gateway = await openGateway({ dashboardFolder: folder })
    await gateway.app.storage.workspaces.create({ id: 'w', slug: 'team', name: 'before', createdAt: 0 })
    token = (await gateway.issue()).token
    browser = await openBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  type Call = [method: string, path: string, json?: object]

  async function openDashboard(path = '/sign-in') {
    const window = await openPage(browser)
    const { page } = window
    await page.goto(gateway.url + path)
    await page.getByText('ready').waitFor()
    const api = (...call: Call): Promise<number> =>
      page.evaluate(
        (given) => (globalThis as unknown as { api(...call: Call): Promise<number> }).api(...given),
        call,
      )
    return { ...window, api }
  }

  it('[W3] is signed in and out by the page, follows the log, and never shows the page its cookie', async () => {
    await using dashboard = await openDashboard()
    const { page, api, complaints } = dashboard
    expect(await api('GET', '/whoami')).toBe(401)
    expect(await api('POST', '/session', { token })).toBe(200)
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await api('PATCH', '/workspaces/team', { name: 'by the page' })).toBe(200)
    expect(await page.evaluate('follow("/workspaces/team/audit/tail")')).toBe('open')
    // A link that somebody follows to the dashboard finds them signed in.
    await page.goto(`${gateway.url}/w/team`)
    await page.getByText('ready').waitFor()
    expect(await api('GET', '/whoami')).toBe(200)
    expect(await api('DELETE', '/session')).toBe(204)
    expect(await api('GET', '/whoami')).toBe(401)
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([])
  })

  it('[W2] is of no use to a page at another port of this host, which the cookie is sent to as well', async () => {
    await using dashboard = await openDashboard()
    const { page, api } = dashboard
    expect(await api('POST', '/session', { token })).toBe(200)
    await api('PATCH', '/workspaces/team', { name: 'untouched' })

    let cookies = ''
    const server = createServer((request, response) => {
      cookies ||= request.headers.cookie ?? ''
      response
        .setHeader('content-type', 'text/html')
        .end(
          `<form method="post" action="${gateway.url}/api/v1/workspaces/team" enctype="text/plain"><input name='{"name":"by a form","x":"' value='"}'></form>`,
        )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A TCP server has an address of this kind.
    const { port } = server.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/`)
    const tried = await page.evaluate(async (url) => {
      const at = `${url}/api/v1/workspaces/team`
      const json = JSON.stringify({ name: 'by another page' })
      const asked: RequestInit[] = [
        { method: 'DELETE' },
        { method: 'PATCH', body: json, headers: { 'content-type': 'application/json' } },
        { method: 'POST', body: json, mode: 'no-cors', headers: { 'content-type': 'text/plain' } },
        { method: 'GET' },
      ]
      const results = []
      for (const init of asked)
        results.push(
          await fetch(at, { credentials: 'include', ...init }).then(
            ({ type, status }) => `${type} ${status}`,
            () => 'kept from it',
          ),
        )
      return results
    }, gateway.url)
    expect(tried).toEqual(['kept from it', 'kept from it', 'opaque 0', 'kept from it'])
    await page.evaluate('document.forms[0].submit()')
    await page.waitForURL(/\/api\/v1\//)
    expect(await page.content()).toContain('is heard only from pages of this dashboard')
    server.close()
    server.closeAllConnections()

    expect(cookies).toContain(`mcpgw-session-${gateway.port}=`)
    expect(await gateway.app.storage.workspaces.bySlug('team')).toMatchObject({ name: 'untouched' })
  })

  it('runs no script and no style but its own files, and makes none out of text', async () => {
    await using dashboard = await openDashboard('/system')
    const { page, complaints } = dashboard
    expect(await page.evaluate('tried')).toEqual(['EvalError', 'TypeError', 'TypeError', 'TypeError'])
    expect(await page.evaluate('globalThis.ran')).toBeUndefined()
    expect(complaints.length).toBeGreaterThan(0)
  })
})
