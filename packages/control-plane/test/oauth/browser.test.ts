import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { isFull } from '../full-counts.ts'
import { noBrowser, openBrowser, openPage } from './browser.ts'
import { type Callback, codeRequest, encode, listenForCode, makePkce, postForm } from './client.ts'
import { HOSTILE_TEXTS } from './hostile-texts.ts'

describe.skipIf(noBrowser !== undefined)(`a login in a real browser ${noBrowser ?? ''}`, () => {
  let plane: ControlPlane
  let browser: Browser
  let url = ''
  let token = ''

  beforeAll(async () => {
    plane = await ControlPlane.start()
    const workspace = await plane.workspace('acme')
    url = workspace.url
    token = workspace.token
    browser = await openBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await plane?.[Symbol.asyncDispose]()
  })

  /** A program that has begun a login and opened the browser. */
  async function beginLogin(host?: string, nameInUri?: string) {
    const { verifier, challenge } = makePkce()
    const listener = await listenForCode(host, nameInUri)
    const window = await openPage(browser)
    const { page, complaints } = window
    await page.goto(
      `${plane.url}/oauth/authorize?${encode(codeRequest(url, listener.redirectUri, challenge))}`,
    )
    return {
      page,
      complaints,
      called: listener.called,
      redeem: ({ query }: Callback) =>
        postForm(`${plane.url}/oauth/token`, {
          grant_type: 'authorization_code',
          client_id: 'mcpgw',
          code: query.get('code') ?? '',
          redirect_uri: listener.redirectUri,
          code_verifier: verifier,
          resource: url,
        }),
      async [Symbol.asyncDispose]() {
        await window[Symbol.asyncDispose]()
        await listener[Symbol.asyncDispose]()
      },
    }
  }

  async function beginDeviceLogin(deviceName = 'build box 7') {
    const { body } = await postForm(`${plane.url}/oauth/device`, {
      client_id: 'mcpgw',
      resource: url,
      device_name: deviceName,
    })
    const poll = () =>
      postForm(`${plane.url}/oauth/token`, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'mcpgw',
        device_code: String(body.device_code),
      })
    return { userCode: String(body.user_code), link: String(body.verification_uri_complete), poll }
  }

  const whoami = (accessToken: unknown) => plane.tryApi('GET', '/whoami', undefined, String(accessToken))
  const approve = (page: Page) => page.getByRole('button', { name: 'Approve' }).click()
  const proofField = (page: Page) => page.getByLabel('Your workspace token or invite link')
  const choose = (page: Page, role: string) => page.getByRole('radio', { name: role }).check()

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['::1', '[::1]'],
  ])('gives the program at %s a token after a person approved', async (host, nameInUri) => {
    await using login = await beginLogin(host, nameInUri)
    const { page } = login
    await expect(page.getByText("ada's laptop").isVisible()).resolves.toBe(true)
    await expect(page.getByText(url).isVisible()).resolves.toBe(true)
    await proofField(page).fill(token)
    await choose(page, 'Read only')
    await approve(page)
    const callback = await login.called
    expect(Object.fromEntries(callback.query)).toMatchObject({
      state: 'some-state',
      iss: `${plane.url}/oauth`,
    })
    expect(callback.method).toBe('GET')
    expect(callback.headers.referer).toBeUndefined()
    const { body } = await login.redeem(callback)
    expect(body).toMatchObject({ scope: 'readonly', workspace: url })
    expect(await whoami(body.access_token)).toMatchObject({ status: 200, body: { role: 'readonly' } })
    expect(login.complaints).toEqual([])
  })

  it('tells the program that a person cancelled', async () => {
    await using login = await beginLogin()
    await login.page.getByRole('button', { name: 'Cancel' }).click()
    const { query } = await login.called
    expect(Object.fromEntries(query)).toMatchObject({ error: 'access_denied', state: 'some-state' })
    expect(query.has('code')).toBe(false)
  })

  it('says what is wrong with a token beside its field, and keeps everything but the token', async () => {
    await using login = await beginLogin()
    const { page } = login
    await choose(page, 'Read only')
    await proofField(page).fill('mcpgw_nonsense')
    await approve(page)
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('does not open this workspace')
    expect(await proofField(page).inputValue()).toBe('')
    expect(await proofField(page).getAttribute('aria-invalid')).toBe('true')
    const described = await proofField(page).getAttribute('aria-describedby')
    expect(described?.split(' ')).toContain(await page.getByRole('alert').getAttribute('id'))
    expect(await page.getByRole('radio', { name: 'Read only' }).isChecked()).toBe(true)
    await proofField(page).fill(token)
    await approve(page)
    const { body } = await login.redeem(await login.called)
    expect(body.scope).toBe('readonly')
  })

  it('says beside the roles that the token cannot give the chosen one', async () => {
    await using login = await beginLogin()
    await proofField(login.page).fill(token)
    await choose(login.page, 'Admin')
    await approve(login.page)
    const group = login.page.getByRole('group', { name: 'What the device may do' })
    await group.getByRole('alert').waitFor()
    expect(await login.page.getByRole('radio', { name: 'Admin' }).isChecked()).toBe(true)
  })

  it('works with the keyboard alone: the field of the token has the focus, and Enter approves', async () => {
    await using login = await beginLogin()
    const { keyboard } = login.page
    // The page puts the cursor there by itself, some moments after it has loaded.
    await login.page.locator('input:focus').waitFor()
    await keyboard.insertText(token)
    await keyboard.press('Tab')
    await keyboard.press('ArrowDown')
    await keyboard.press('Tab')
    expect(await focusedText(login.page)).toBe('Approve')
    await keyboard.press('Tab')
    expect(await focusedText(login.page)).toBe('Cancel')
    await keyboard.press('Shift+Tab')
    await keyboard.press('Shift+Tab')
    await keyboard.press('Shift+Tab')
    await keyboard.press('Enter')
    const { body } = await login.redeem(await login.called)
    expect(body.scope).toBe('readonly')
  })

  it('lets a device in after a person typed its code and saw which device it is', async () => {
    const device = await beginDeviceLogin()
    await using window = await openPage(browser)
    const { page } = window
    await page.goto(`${plane.url}/oauth/device`)
    // The page puts the cursor there by itself, some moments after it has loaded.
    await page.locator('input:focus').waitFor()
    await page.keyboard.insertText('zzzz-zzzz')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect(await page.getByLabel('Code on the device').inputValue()).toBe('zzzz-zzzz')
    await page.getByLabel('Code on the device').fill(device.userCode.toLowerCase())
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'Log in to acme' }).waitFor()
    for (const fact of ['build box 7', device.userCode, url, 'from 127.0.0.1']) {
      await expect(page.getByText(fact).isVisible()).resolves.toBe(true)
    }
    await proofField(page).fill(token)
    await approve(page)
    await page.getByRole('heading', { name: 'The device is logged in' }).waitFor()
    const { status, body } = await device.poll()
    expect(status).toBe(200)
    expect(await whoami(body.access_token)).toMatchObject({ status: 200 })
  })

  it('fills the code in from the link of a device, and still asks before anything happens', async () => {
    const device = await beginDeviceLogin()
    await using window = await openPage(browser)
    const { page } = window
    await page.goto(device.link)
    expect(await page.getByLabel('Code on the device').inputValue()).toBe(device.userCode)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading', { name: 'The login is cancelled' }).waitFor()
    expect((await device.poll()).body.error).toBe('access_denied')
  })

  it('shows hostile texts as texts: nothing runs, loads or changes the page', async () => {
    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(60)
    await using window = await openPage(browser)
    const { page, complaints } = window
    const foreign: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(`${plane.url}/`)) foreign.push(request.url())
    })
    const { challenge } = makePkce()
    const request = codeRequest(url, 'http://127.0.0.1:9/callback', challenge)
    for (const [index, text] of HOSTILE_TEXTS.entries()) {
      const state = text.replace(/[^\x20-\x7e]/g, '').slice(0, 1000) || 'x'
      await page.goto(`${plane.url}/oauth/authorize?${encode({ ...request, device_name: text, state })}`)
      expect(await shapeOf(page)).toEqual(PLAIN_SHAPE)
      expect(await page.locator('input[name=state]').inputValue()).toBe(state)
      if (index % (isFull ? 3 : 10) !== 0) continue
      await page.goto(`${plane.url}/oauth/authorize?${encode({ ...request, resource: `${url}/${text}` })}`)
      expect(await page.locator('h1').allTextContents()).toEqual(['This request cannot be used'])
      expect(await page.locator('script, img, iframe, form, a').count()).toBe(0)
      await page.goto(`${plane.url}/oauth/device?${encode({ user_code: text.slice(0, 100) })}`)
      expect(await page.locator('input').count()).toBe(1)
      expect(await page.locator('script, img, iframe, a').count()).toBe(0)
    }
    expect(foreign).toEqual([])
    expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([])
  })

  async function registerProgram(name: string, redirectUri: string): Promise<string> {
    const response = await fetch(`${plane.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: name, redirect_uris: [redirectUri] }),
    })
    const { client_id } = (await response.json()) as { client_id?: string }
    return client_id ?? ''
  }

  it('gives a program of somebody else a token, and says whose word is whose', async () => {
    await using listener = await listenForCode()
    const { verifier, challenge } = makePkce()
    const client_id = await registerProgram('Busy Agent', listener.redirectUri)
    await using window = await openPage(browser)
    const { page, complaints } = window
    const request = { ...codeRequest(url, listener.redirectUri, challenge), client_id }
    await page.goto(`${plane.url}/oauth/authorize?${encode(request)}`)
    expect(await page.locator('dl').textContent()).toMatch(
      /Calls itself\s*Busy Agent\s*Returns to\s*a program on this computer\s*Workspace\s*acme/,
    )
    expect(await page.getByRole('radio').count()).toBe(2)
    await proofField(page).fill(token)
    await approve(page)
    const { query } = await listener.called
    const issued = await postForm(`${plane.url}/oauth/token`, {
      ...{ grant_type: 'authorization_code', client_id, code_verifier: verifier },
      ...{ code: query.get('code') ?? '', redirect_uri: listener.redirectUri },
    })
    expect((await whoami(issued.body.access_token)).body).toMatchObject({ role: 'developer' })
    expect(complaints).toEqual([])
  })

  it('shows the hostile name of a program as a text', async () => {
    await using window = await openPage(browser)
    const { page, complaints } = window
    const redirectUri = 'http://127.0.0.1:9/callback'
    const shapeWith = async (name: string) => {
      const client_id = await registerProgram(name, redirectUri)
      const request = { ...codeRequest(url, redirectUri, makePkce().challenge), client_id }
      await page.goto(`${plane.url}/oauth/authorize?${encode(request)}`)
      expect((await page.locator('dd').first().textContent())?.length).toBeLessThanOrEqual(100)
      return shapeOf(page)
    }
    const plain = await shapeWith('Busy Agent')
    // A name of more than one line is none.
    const names = HOSTILE_TEXTS.filter((text) => text.length <= 200 && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
    expect(names.length).toBeGreaterThan(40)
    const shown = names.filter((_name, index) => isFull || index % 4 === 0)
    for (const name of shown) expect(await shapeWith(name), name).toEqual(plain)
    expect(complaints).toEqual([])
  })

  it('shows the hostile name of a device as a text, in one short line', async () => {
    await using window = await openPage(browser)
    const { page } = window
    for (const text of HOSTILE_TEXTS.filter((_text, index) => index % 6 === 0)) {
      const device = await beginDeviceLogin(text)
      await page.goto(device.link)
      await page.getByRole('button', { name: 'Continue' }).click()
      const shown = (await page.locator('dd').first().textContent()) ?? ''
      expect(shown.length).toBeLessThanOrEqual(100)
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect(
        await page.locator('main *').evaluateAll((all) => all.filter((e) => e.tagName === 'SCRIPT').length),
      ).toBe(0)
    }
  })
})

async function focusedText(page: Page): Promise<string | null> {
  return page.locator(':focus').textContent()
}

const PARTS = [
  'form',
  'button',
  'input[type=hidden]',
  'a, link, img, iframe, object, base, meta[http-equiv]',
  'script',
  'h1',
  'dd',
]

/** How many of these the page that asks has, whatever the texts in it say. */
const PLAIN_SHAPE = [1, 2, 8, 1, 0, 1, 2]

function shapeOf(page: Page): Promise<number[]> {
  return Promise.all(PARTS.map((part) => page.locator(part).count()))
}
