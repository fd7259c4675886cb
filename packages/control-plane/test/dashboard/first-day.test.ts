import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBridge } from '../bridge-commands/run-bridge.ts'
import { ControlPlane } from '../control-plane.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { openWindow, readSnippet } from './window.ts'

describe.skipIf(noBrowser !== undefined)(`the first day ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start({ withoutOwner: true }))
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  it('leads from the set-up link to the first call of a client, and ticks itself as they come', async () => {
    const printed = /http:\/\/\S+(\/setup#\S+)/
    await expect.poll(() => plane.stdout).toMatch(printed)
    const link = printed.exec(plane.stdout)?.[1] ?? ''
    await using window = await openWindow(browser, plane)
    const { page } = window

    await window.open(link)
    await page.getByLabel('Your name').fill('ada@example.com')
    await page.getByLabel('First workspace').fill('Web team')
    await page.getByRole('button', { name: 'Become the owner' }).click()
    await page.getByText('You are the owner').waitFor()
    expect(page.url()).toBe(`${plane.url}/setup`)
    const ownerToken = await readSnippet(page)
    expect(await plane.api('GET', '/whoami', undefined, ownerToken)).toMatchObject({ role: 'owner' })
    expect(await page.getByRole('button', { name: 'Open the workspace' }).isDisabled()).toBe(true)
    await page.getByLabel('I have put it away safely').check()
    await page.getByRole('link', { name: 'Open the workspace' }).click()

    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    const step = (title: string, state: string) =>
      page.getByRole('listitem').filter({ hasText: `${title} (${state})` })
    await step('A server is ready', 'done').waitFor()
    await step('A token is issued, or a client connected', 'to do').waitFor()
    await step('Calls arrive', 'to do').waitFor()

    await page.getByRole('link', { name: 'issue a token' }).click()
    await page.getByRole('button', { name: 'Issue a token' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Member').fill('ada@example.com')
    await dialog.getByLabel('Name of the token').fill('laptop')
    await dialog.getByRole('button', { name: 'Issue the token' }).click()
    await dialog.getByText('This token is shown once').waitFor()
    const token = await readSnippet(dialog)
    await dialog.getByRole('button', { name: 'I have copied it' }).click()

    await page.getByRole('link', { name: 'Overview' }).click()
    await step('A token is issued, or a client connected', 'done').waitFor()
    await step('Calls arrive', 'to do').waitFor()
    const place = { url: `${plane.url}/ws/web-team`, token }
    const { stdout, stderr } = await runBridge(['call', 'everything__echo', 'message=good morning'], place)
    expect(stdout, stderr).toContain('Echo: good morning')
    await step('Calls arrive', 'done').getByText('ada@example.com called').waitFor()
    expect(window.complaints).toEqual([])
  })

  it('makes nobody the owner by the same link again', async () => {
    const link = /http:\/\/\S+(\/setup#\S+)/.exec(plane.stdout)?.[1] ?? ''
    await using window = await openWindow(browser, plane)
    await window.open(link)
    await window.page.getByText('This gateway has an owner already').waitFor()
  })
})
