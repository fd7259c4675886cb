import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { type GuardedServer, startGuarded } from './guarded-server.ts'
import { look } from './looks.ts'
import { openWindow } from './window.ts'

const KEY = 'right-value-Kq81'

describe.skipIf(noBrowser !== undefined)(`the catalog in the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser
  let admin: string
  let guarded: GuardedServer

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    await plane.workspace('acme')
    admin = await plane.token('acme', { name: 'browser', member: 'ada', role: 'admin' })
    guarded = open.use(await startGuarded(KEY, ['greet', 'part']))
    await plane.api('PUT', '/catalogs/house', { entries: [greeter('/mcp')] })
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  function greeter(path: string) {
    return {
      name: 'com.example/greeter',
      title: 'House Greeter',
      description: 'Says good day to people',
      version: '1.0.0',
      websiteUrl: 'https://example.com/keys',
      remotes: [
        {
          type: 'streamable-http',
          url: `${guarded.url}${path}`,
          headers: [{ name: 'Authorization', value: 'Bearer {TOKEN}', isRequired: true, isSecret: true }],
        },
      ],
    }
  }

  it('finds as one types, is walked by keys, and adds with exactly the values that are needed', async () => {
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/servers')
    await page.getByRole('button', { name: 'Add a server' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('searchbox').fill('good day to people')
    await expect.poll(() => dialog.locator('.catalog-row').first().textContent()).toContain('House Greeter')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await dialog.getByRole('heading', { name: 'House Greeter' }).waitFor()
    expect(new URL(page.url()).searchParams.get('entry')).toBe('house.greeter')
    expect(await dialog.getByRole('link', { name: 'Where to get it' }).getAttribute('href')).toBe(
      'https://example.com/keys',
    )
    await dialog.getByLabel('TOKEN').fill('wrong-value-Xw42')
    await dialog.getByRole('button', { name: 'Add and check' }).click()
    await dialog.getByRole('button', { name: 'Remove it and change what I typed' }).click()
    // Until then there is a field of the same name, for setting the credential again.
    await dialog.getByRole('button', { name: 'Add and check' }).waitFor()
    await dialog.getByLabel('TOKEN').fill(KEY)
    await dialog.getByRole('button', { name: 'Add and check' }).click()
    await dialog.getByText('greeter answers').waitFor()
    const found = dialog.getByRole('list', { name: 'Tools found' }).getByRole('listitem')
    await expect.poll(() => found.allInnerTexts()).toEqual(['greet', 'part'])
    expect(await look(page, 'everything')).not.toContain(KEY)
    expect(await look(page, 'violations')).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('tells of a newer version, shows what it changes, and takes it over', async () => {
    await plane.api('POST', '/workspaces/acme/servers', {
      name: 'dated',
      catalog: 'house.greeter',
      values: { TOKEN: KEY },
    })
    await plane.api('PUT', '/catalogs/house', { entries: [greeter('/mcp/v2')] })
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/servers/dated')
    await page.getByRole('button', { name: 'See what would change' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('All 2 tools stay as they are.').waitFor()
    await dialog.getByRole('button', { name: 'Update', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(await plane.api('GET', '/workspaces/acme/servers/dated')).toMatchObject({
      url: `${guarded.url}/mcp/v2`,
      status: 'ready',
    })
    await expect.poll(() => page.getByRole('button', { name: 'See what would change' }).count()).toBe(0)
    expect(window.complaints).toEqual([])
  })

  it('is narrowed by an owner, whom admins then find less with', async () => {
    await using window = await openWindow(browser, plane, { token: plane.ownerToken })
    const { page } = window
    await window.open('/catalogs')
    await page.getByRole('group', { name: 'Deny list' }).getByRole('button', { name: 'Add a rule' }).click()
    await page.getByLabel('Value').fill('git*')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect
      .poll(async () => (await plane.tryApi('GET', '/catalog/github', undefined, admin)).status)
      .toBe(404)
    expect(window.complaints).toEqual([])
  })
})
