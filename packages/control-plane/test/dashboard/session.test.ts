import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../src/model/role.ts'
import { ControlPlane } from '../control-plane.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { startScripted } from '../upstreams/scripted-http.ts'
import { look } from './looks.ts'
import { OPEN_REDIRECTS } from './open-redirects.ts'
import { INSTALLATION_PAGES, workspacePages } from './pages.ts'
import { openWindow } from './window.ts'

const ADMINS: readonly Role[] = ['owner', 'admin']

/** Buttons, where they are, and who may press them. */
const BUTTONS: readonly [path: string, name: string, roles: readonly Role[]][] = [
  ['/w/acme/servers', 'Add a server', ADMINS],
  ['/w/acme/servers/greeter', 'Check now', ADMINS],
  ['/w/acme/audit', 'Verify', ADMINS],
  ['/w/acme/tokens', 'Issue a token', ADMINS],
  ['/w/acme/tokens', 'Revoke', ADMINS],
  ['/w/acme/members', 'Invite a teammate', ADMINS],
  ['/w/acme/connect', 'Invite a teammate', ADMINS],
  ['/w/acme/settings', 'Save the name', ADMINS],
  ['/w/acme/settings', 'Remove the workspace', ['owner']],
  ['/workspaces', 'Make a workspace', ['owner']],
]

describe.skipIf(noBrowser !== undefined)(`a session in a browser ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser
  const tokens = new Map<Role, string>()

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    const upstream = open.use(await startScripted('modern', { onlyMoreTools: true, moreTools: ['greet'] }))
    await plane.workspace('acme')
    await plane.addServer('acme', { name: 'greeter', url: upstream.url })
    tokens.set('owner', plane.ownerToken)
    for (const role of ['admin', 'developer', 'readonly'] as const)
      tokens.set(role, await plane.token('acme', { name: `${role} token`, member: `${role}-of-acme`, role }))
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  async function typeToken(page: Page, token: string): Promise<void> {
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  it('leads who is not signed in to the sign-in page, and from there to where they wanted to go', async () => {
    await using window = await openWindow(browser, plane)
    const { page } = window
    await window.open('/w/acme/servers/greeter?tab=tools')
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    await typeToken(page, tokens.get('admin') ?? '')
    await page.getByRole('heading', { level: 1, name: 'greeter' }).waitFor()
    expect(page.url()).toBe(`${plane.url}/w/acme/servers/greeter?tab=tools`)
  })

  it('says beside the field that a token is not accepted, and signs in with the next', async () => {
    await using window = await openWindow(browser, plane)
    const { page } = window
    await window.open('/sign-in')
    await typeToken(page, 'mcpgw_nonsense')
    await page.getByRole('alert').getByText('This token is not accepted.').waitFor()
    await typeToken(page, tokens.get('developer') ?? '')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.getByText('developer-of-acme').first().waitFor()
  })

  it('keeps no token where a script could read it', async () => {
    await using window = await openWindow(browser, plane)
    const { page } = window
    const token = tokens.get('admin') ?? ''
    await window.open('/sign-in')
    await typeToken(page, token)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    expect(await look(page, 'everything')).not.toContain('mcpgw_')
    expect(await page.content()).not.toContain(token)
  })

  it('ends on the server when one signs out', async () => {
    await using window = await openWindow(browser, plane, { token: tokens.get('admin') ?? '' })
    const { page, context } = window
    await window.open('/w/acme/connect')
    await page.getByRole('link', { name: 'Audit' }).click()
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
    const cookies = await context.cookies()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    expect(await context.cookies()).toEqual([])
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    await context.addCookies(cookies)
    await page.goto(`${plane.url}/w/acme`)
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
  })

  it('leads to the sign-in page when it was ended elsewhere, and back to where one was', async () => {
    const token = await plane.token('acme', { name: 'to be ended', member: 'eve', role: 'admin' })
    await using window = await openWindow(browser, plane, { token })
    const { page } = window
    await window.open('/w/acme/audit?outcome=ok')
    const { items } = await plane.api('GET', '/workspaces/acme/tokens?kind=session&limit=500')
    // The shape is a part of the public contract; a wrong one fails where it is used.
    const session = (items as { id: string; member: string }[]).find(({ member }) => member === 'eve')
    await plane.api('DELETE', `/workspaces/acme/tokens/${session?.id}`)
    await page.getByRole('link', { name: 'Tokens' }).click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    await typeToken(page, token)
    await page.getByRole('heading', { level: 1, name: 'Tokens' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/w/acme/tokens')
  })

  describe.each(['owner', 'admin', 'developer', 'readonly'] as const)('of the role %s', (role) => {
    const ALL_PAGES = [...workspacePages('acme', 'greeter', 1), ...INSTALLATION_PAGES]

    it('shows the pages it may use in the menu, and no others', async () => {
      await using window = await openWindow(browser, plane, { token: tokens.get(role) ?? '' })
      await window.open('/w/acme')
      const menu = window.page.getByRole('navigation', { name: 'Workspace' })
      const expected = ALL_PAGES.filter((page) => page.roles.includes(role)).flatMap(({ link }) => link ?? [])
      expect(await menu.getByRole('link').allTextContents()).toEqual(expected)
    })

    it('shows the buttons that it may press, and none that would be refused', async () => {
      await using window = await openWindow(browser, plane, { token: tokens.get(role) ?? '' })
      for (const [path, name, roles] of BUTTONS) {
        await window.open(path)
        const shown = await window.page.getByRole('main').getByRole('button', { name }).count()
        expect([path, name, shown > 0]).toEqual([path, name, roles.includes(role)])
      }
    })

    // There is no page that an owner may not use.
    if (role === 'owner') return
    it('is told so on a page that it has the address of and may not use', async () => {
      await using window = await openWindow(browser, plane, { token: tokens.get(role) ?? '' })
      for (const { path, roles } of ALL_PAGES.filter((page) => page.name !== 'account')) {
        await window.open(path)
        const refused = await window.page.getByText('This page is for others').count()
        expect([path, refused]).toEqual([path, roles.includes(role) ? 0 : 1])
      }
    })
  })

  it('goes nowhere else after signing in, whatever stands behind ?next= [W8]', async () => {
    await using window = await openWindow(browser, plane)
    const { page, complaints } = window
    const visited: string[] = []
    page.on('request', (request) => visited.push(request.url()))
    for (const next of OPEN_REDIRECTS) {
      await window.open(`/sign-in?next=${next}`)
      await typeToken(page, tokens.get('readonly') ?? '')
      await page.locator('h1:not(:text("Sign in"))').first().waitFor()
      expect([next, new URL(page.url()).origin]).toEqual([next, plane.url])
    }
    expect(visited.filter((url) => !url.startsWith(`${plane.url}/`))).toEqual([])
    expect(complaints).toEqual([])
  })
})
