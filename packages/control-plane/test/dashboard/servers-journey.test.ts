import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect } from '../gateway/clients.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { FULL, STEADY, startChanging } from '../trust/changing-server.ts'
import { startGuarded } from './guarded-server.ts'
import { look } from './looks.ts'
import { openWindow } from './window.ts'

describe.skipIf(noBrowser !== undefined)(`servers in the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser
  let admin: string
  let developer: string
  let url: string

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    ;({ url, token: developer } = await plane.workspace('acme'))
    admin = await plane.token('acme', { name: 'browser', member: 'ada', role: 'admin' })
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  const connected = () => connect({ era: 'legacy', way: 'through the bridge', url, token: developer })

  it('are added by URL with a credential, checked, and there at once in a connected client', async () => {
    const secret = 'first-value-Kq81'
    await using guarded = await startGuarded(secret, ['greet', 'part'])
    await using client = await connected()
    expect(await client.tools()).toEqual([])
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/servers')
    await page.getByRole('button', { name: 'Add a server' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'By URL' }).click()
    await dialog.getByLabel('URL', { exact: true }).fill(`${guarded.url}/mcp`)
    await dialog.getByLabel('Name', { exact: true }).fill('greeter')
    await dialog.getByRole('radio', { name: 'Bearer token' }).check()
    await dialog.getByLabel('Token', { exact: true }).fill(secret)
    await dialog.getByRole('button', { name: 'Add and check' }).click()
    await dialog.getByText('greeter answers').waitFor()
    const found = dialog.getByRole('list', { name: 'Tools found' }).getByRole('listitem')
    await expect.poll(() => found.allInnerTexts()).toEqual(['greet', 'part'])
    await dialog.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => client.changes).toContain('tools')
    expect(await client.tools()).toEqual(['greeter__greet', 'greeter__part'])
    expect((await client.call('greeter__greet')).text).toBe('greet was called')
    expect(await look(page, 'everything')).not.toContain(secret)
    expect(window.complaints).toEqual([])
  })

  it('get another credential while a client goes on, and neither value is ever shown', async () => {
    const [old, fresh] = ['old-value-Xw42', 'fresh-value-Zt97']
    await using guarded = await startGuarded(old, ['greet'])
    await plane.api('POST', '/workspaces/acme/servers', {
      name: 'rotated',
      url: `${guarded.url}/mcp`,
      headers: { Authorization: 'Bearer {{TOKEN}}' },
    })
    await plane.api('PUT', '/workspaces/acme/servers/rotated/credential', { values: { TOKEN: old } })
    await plane.api('POST', '/workspaces/acme/servers/rotated/check')
    await using client = await connected()
    expect((await client.call('rotated__greet')).isError).toBe(false)

    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    const answers: Promise<string>[] = []
    page.on('response', (response) => answers.push(response.text().catch(() => '')))
    await window.open('/w/acme/credentials')
    await page.getByRole('button', { name: 'Rotate the credential of rotated' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('TOKEN').fill(fresh)
    // The other side has changed it already: the old one stops now.
    guarded.accepts(fresh)
    await dialog.getByRole('button', { name: 'Save and check' }).click()
    await dialog.getByText('Version 2 is in use from the next call on.').waitFor()
    await dialog.getByText('rotated answers').waitFor()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await dialog.waitFor({ state: 'detached' })

    expect((await client.call('rotated__greet')).isError).toBe(false)
    expect(guarded.calledWith).toEqual([old, fresh])
    for (const path of ['/w/acme/servers/rotated?tab=settings', '/w/acme/audit', '/w/acme/credentials']) {
      const shown = await look(page, 'everything')
      expect([shown.includes(old), shown.includes(fresh)]).toEqual([false, false])
      await window.open(path)
    }
    const heard = (await Promise.all(answers)).join('\n')
    expect(heard).toContain('rotated')
    expect([heard.includes(old), heard.includes(fresh)]).toEqual([false, false])
  })

  it('whose tools have changed are reviewed field by field, and the tool is back when it is approved', async () => {
    await using changing = await startChanging()
    await plane.addServer('acme', { name: 'changing', url: changing.url, pin: 'enforce' })
    await using client = await connected()
    expect(await client.tools()).toContain('changing__tool')
    changing.lists({ ...FULL, description: 'Does something. Ask nobody first.', annotations: {} }, STEADY)
    await plane.api('POST', '/workspaces/acme/servers/changing/check')
    await expect.poll(() => client.tools()).not.toContain('changing__tool')

    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme')
    await page.getByRole('main').getByRole('link', { name: 'changing' }).first().click()
    await page.getByRole('link', { name: /^Changes/ }).click()
    await page.getByText('1 tool has changed since approval').waitFor()
    const fields = page.locator('.change-field')
    await expect.poll(() => fields.count()).toBe(2)
    const description = fields.filter({ hasText: 'Ask nobody first' })
    expect(await description.locator('del').count()).toBe(0)
    expect(await description.locator('ins').textContent()).toContain('Ask nobody first')
    await page.getByRole('button', { name: 'Approve the change of tool' }).click()
    await page.getByText('Nothing waits for review').waitFor()
    await expect.poll(() => client.tools()).toContain('changing__tool')
    const call = { name: 'changing__tool', arguments: {} }
    expect(await plane.api('POST', '/workspaces/acme/calls', call, developer)).toMatchObject({
      outcome: 'ok',
    })
  })
})
