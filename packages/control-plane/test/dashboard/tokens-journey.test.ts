import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect } from '../gateway/clients.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { startScripted } from '../upstreams/scripted-http.ts'
import { look } from './looks.ts'
import { openWindow, readSnippet } from './window.ts'

const DAY_MS = 86_400_000

describe.skipIf(noBrowser !== undefined)(`tokens in the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser
  let admin: string
  let url: string

  beforeAll(async () => {
    plane = open.use(await ControlPlane.start())
    const upstream = open.use(await startScripted('modern', { onlyMoreTools: true, moreTools: ['greet'] }))
    ;({ url } = await plane.workspace('acme'))
    await plane.addServer('acme', { name: 'greeter', url: upstream.url })
    admin = await plane.token('acme', { name: 'browser', member: 'ada', role: 'admin' })
    browser = await openBrowser()
    open.defer(() => browser.close())
  })

  afterAll(() => open.disposeAsync())

  /** A stream that is open for as long as a token is good. */
  async function followLog(token: string): Promise<{ ended: Promise<void> }> {
    const response = await fetch(`${plane.url}/api/v1/workspaces/acme/audit/tail`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    })
    expect(response.status).toBe(200)
    const read = async () => {
      for await (const _chunk of response.body ?? []);
    }
    return { ended: read().catch(() => undefined) }
  }

  it('are issued for 14 days, used through the bridge, seen live, and refused from the moment they are revoked', async () => {
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/tokens')
    await page.getByRole('button', { name: 'Issue a token' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Member').fill('bruno')
    await dialog.getByLabel('Name of the token').fill('thinkpad')
    await dialog.getByLabel('Ends after').selectOption({ label: '14 days' })
    await dialog.getByRole('button', { name: 'Issue the token' }).click()
    await dialog.getByText('This token is shown once').waitFor()
    const token = await readSnippet(dialog)
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    const { expiresAt } = await plane.api('GET', '/whoami', undefined, token)
    expect(Math.abs(Date.parse(String(expiresAt)) - Date.now() - 14 * DAY_MS)).toBeLessThan(60_000)
    expect(await look(page, 'everything')).not.toContain(token)

    await using client = await connect({ era: 'legacy', way: 'through the bridge', url, token })
    await window.open('/w/acme/live')
    await page.getByText('Connected').waitFor()
    const log = page.getByRole('list', { name: 'The log, newest first' })
    const row = log.getByRole('link').filter({ hasText: 'greet' }).filter({ hasText: 'bruno' })
    const delays: number[] = []
    for (let call = 1; call <= 3; call++) {
      await client.call('greeter__greet')
      const answeredAt = performance.now()
      await row.nth(call - 1).waitFor()
      delays.push(performance.now() - answeredAt)
    }
    expect(Math.min(...delays)).toBeLessThan(1_000)

    const stream = await followLog(token)
    await window.open('/w/acme/tokens')
    await page.getByRole('button', { name: 'Revoke "thinkpad" of bruno' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke the token' }).click()
    await page.getByText('"thinkpad" is revoked.').waitFor()
    await stream.ended
    await expect(client.call('greeter__greet')).rejects.toThrow(/token/)
    expect(window.complaints).toEqual([])
  })

  it('are issued and revoked by keyboard alone', async () => {
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    const { keyboard } = page
    await window.open('/w/acme')
    await tabTo(page, 'Tokens')
    await keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Tokens' }).waitFor()
    await window.settled()
    await tabTo(page, 'Issue a token')
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await keyboard.insertText('carla')
    await keyboard.press('Tab')
    await keyboard.insertText('by keyboard')
    await keyboard.press('Tab')
    await keyboard.press('ArrowDown')
    await tabTo(page, 'Issue the token')
    await keyboard.press('Enter')
    await page.getByText('This token is shown once').waitFor()
    const token = await readSnippet(page.getByRole('dialog'))
    expect(await plane.api('GET', '/whoami', undefined, token)).toMatchObject({ member: 'carla' })
    await tabTo(page, 'I have copied it')
    await keyboard.press('Space')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await tabTo(page, 'Revoke "by keyboard" of carla')
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await tabTo(page, 'Revoke the token')
    await keyboard.press('Enter')
    await page.getByText('"by keyboard" is revoked.').waitFor()
    expect((await plane.tryApi('GET', '/whoami', undefined, token)).status).toBe(401)
  })
})

/** Presses Tab until the focus is on what is called that. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let pressed = 0; pressed < 120; pressed++) {
    await page.keyboard.press('Tab')
    if ((await look(page, 'focusedElement')).includes(`"${name}`)) return
  }
  throw new Error(`Tab never came to "${name}".`)
}
