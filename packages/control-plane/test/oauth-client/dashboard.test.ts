import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { openWindow } from '../dashboard/window.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { startAuthorizationServer, type TestAuthorizationServer } from './authorization-server.ts'
import { startProtectedServer, type TestProtectedServer } from './protected-server.ts'

describe.skipIf(noBrowser !== undefined)(`logging in to servers in the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser
  let authorization: TestAuthorizationServer
  let server: TestProtectedServer
  let admin: string

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    authorization = open.use(
      await startAuthorizationServer({
        clients: [
          {
            client_id: 'by-hand',
            client_secret: 'secret-by-hand-Zk71',
            redirect_uris: [`${plane.url}/oauth/callback`],
            grant_types: ['authorization_code', 'refresh_token'],
            application_type: 'native',
          },
        ],
      }),
    )
    server = open.use(await startProtectedServer(authorization))
    await plane.workspace('team')
    admin = await plane.token('team', { role: 'admin', member: 'ada' })
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  it('adds a server, goes through its login, and comes back to it', async () => {
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/team/servers')
    await page.getByRole('button', { name: 'Add a server' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'By URL', exact: true }).click()
    await dialog.getByLabel('URL', { exact: true }).fill(server.url)
    await dialog.getByLabel('Name', { exact: true }).fill('notes')
    await dialog.getByRole('radio', { name: /By OAuth/ }).check()
    await dialog.getByRole('button', { name: 'Add and check' }).click()
    await dialog.getByText('nobody has logged in yet').waitFor()
    await dialog.getByRole('button', { name: 'Log in', exact: true }).click()
    await page.waitForURL(`${plane.url}/w/team/servers/notes`)
    await window.settled()
    await page.getByText('notes__hello', { exact: true }).first().waitFor()
    await page.getByText('Ready', { exact: true }).first().waitFor()
    await window.open('/w/team/servers/notes?tab=settings')
    await page.getByText('Logged in', { exact: true }).waitFor()
    expect(window.complaints).toEqual([])
  })

  it('takes a client that was registered by hand, and shows its secret nowhere', async () => {
    const oauth = { client: 'pre-registered' }
    await plane.api('POST', '/workspaces/team/servers', { name: 'by-hand', url: server.url, oauth })
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/team/servers/by-hand')
    await page.getByLabel('Client id').fill('by-hand')
    await page.getByLabel('Client secret').fill('secret-by-hand-Zk71')
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
    await page.getByText('Ready', { exact: true }).first().waitFor()
    expect(page.url()).toBe(`${plane.url}/w/team/servers/by-hand`)
    expect(await page.content()).not.toContain('secret-by-hand')
    expect(window.complaints).toEqual([])
  })
})
