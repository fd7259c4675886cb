import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect } from '../gateway/clients.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { json, startApi } from '../openapi/api-server.ts'
import { PETS } from '../openapi/documents.ts'
import { look } from './looks.ts'
import { openWindow } from './window.ts'

describe.skipIf(noBrowser !== undefined)(`an HTTP API in the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  it('is added from its document by an admin, who chooses what may be called and gives the key it takes', async () => {
    const key = 'pets-key-Kq81-aa'
    const { url, token } = await plane.workspace('acme')
    const admin = await plane.token('acme', { name: 'browser', member: 'ada', role: 'admin' })
    await using api = await startApi(({ headers }) =>
      headers['x-api-key'] === key ? json([{ id: 1 }]) : json({}, 401),
    )
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/servers')
    await page.getByRole('button', { name: 'Add a server' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'From OpenAPI' }).click()
    const add = dialog.getByRole('button', { name: 'Add and check' })
    expect(await add.isDisabled()).toBe(true)

    await dialog.getByLabel('Document').fill('openapi: 2')
    await dialog.getByRole('button', { name: 'Read the document' }).click()
    await dialog.getByText('"openapi" must be 3.x').waitFor()
    await dialog
      .getByLabel('File')
      .setInputFiles({ name: 'pets.yaml', mimeType: 'application/yaml', buffer: Buffer.from(PETS) })
    await expect.poll(() => dialog.getByLabel('Document').inputValue()).toBe(PETS)
    await dialog.getByRole('button', { name: 'Read the document' }).click()

    await expect.poll(() => dialog.getByLabel('Base address').inputValue()).toBe('https://pets.example/v1')
    await expect.poll(() => dialog.getByLabel('Name', { exact: true }).inputValue()).toBe('pets')
    await dialog.getByLabel('Base address').fill(api.url)
    expect(await dialog.getByRole('checkbox').count()).toBe(5)
    expect(await dialog.getByRole('checkbox', { checked: true }).count()).toBe(0)
    await dialog.getByLabel('Search 5 operations').fill('photo')
    await expect.poll(() => dialog.getByRole('checkbox').count()).toBe(1)
    await dialog.getByLabel('Search 5 operations').fill('')
    await dialog.getByRole('button', { name: 'Choose all that only read' }).click()
    await dialog.getByText('3 of 5 chosen').waitFor()
    await dialog.getByRole('checkbox', { name: /getPhoto/ }).uncheck()
    await dialog.getByText('2 operations cannot become tools').click()
    await dialog.getByText('Its body is image/png, which tools cannot send.').waitFor()
    expect(await look(page, 'everything')).toContain('From your account page.')
    await dialog.getByLabel('API_KEY').fill(key)
    await add.click()

    await dialog.getByText('pets answers').waitFor()
    const tools = dialog.getByRole('list', { name: 'Tools found' }).getByRole('listitem')
    await expect.poll(() => tools.allInnerTexts()).toEqual(['getPet', 'listPets'])
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByText('HTTP API').first().waitFor()
    await window.open('/w/acme/credentials')
    await page.getByText('API_KEY').first().waitFor()
    expect(await look(page, 'everything')).not.toContain(key)
    await using client = await connect({ era: 'modern', way: 'directly', url, token })
    expect((await client.call('pets__listPets')).text).toBe('[{"id":1}]')
    expect(window.complaints.filter((complaint) => !complaint.includes('400'))).toEqual([])
  })
})
