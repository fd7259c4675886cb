import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { connect } from '../gateway/clients.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { startGuarded } from './guarded-server.ts'
import { look } from './looks.ts'
import { openWindow, readSnippet } from './window.ts'

describe.skipIf(noBrowser !== undefined)(`importing in the dashboard ${noBrowser ?? ''}`, () => {
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

  it('takes a pasted configuration, shows what it becomes, adds what is chosen, and forgets its secrets', async () => {
    const secret = 'tracker-value-Kq81Xw42'
    await using guarded = await startGuarded(secret, ['greet'])
    const server = {
      url: `${guarded.url}/mcp`,
      headers: { Authorization: `Bearer ${secret}`, 'X-Region': 'eu' },
    }
    const text = JSON.stringify({
      mcpServers: {
        tracker: server,
        second: server,
        other: { url: `${guarded.url}/other`, headers: { 'X-Api-Key': secret } },
        loose: { command: 'npx', args: ['-y', 'a-package-that-nobody-knows'] },
        mine: { command: 'python', args: ['/home/ada/server.py'] },
      },
    })
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    const answers: Promise<string>[] = []
    page.on('response', (response) => answers.push(response.text().catch(() => '')))
    await window.open('/w/acme/servers?add=true')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'From a file' }).click()
    await dialog.getByLabel('Or choose its file').setInputFiles({
      name: 'mcp.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text),
    })
    await expect.poll(() => dialog.getByLabel('Configuration').inputValue()).toBe(text)
    await dialog.getByRole('button', { name: 'See what it becomes' }).click()

    const found = dialog.getByRole('list', { name: 'Servers found' }).getByRole('listitem')
    const said = (row: number) => found.nth(row).textContent()
    await expect.poll(() => found.count()).toBe(5)
    expect(await said(0)).toContain('Into the vault: TOKENKept in plain text: X-Region=eu')
    expect(await said(1)).toContain('It is the same as "tracker".')
    expect(await said(3)).toContain('Say which version')
    expect(await said(4)).toContain('Ask an owner to import it.')
    await dialog.getByRole('checkbox', { name: 'other' }).uncheck()
    expect(await look(page, 'violations')).toEqual([])
    await dialog.getByRole('button', { name: 'Add 1 server' }).click()

    await dialog.getByText('1 server is added').waitFor()
    const obsolete = dialog.getByRole('list', { name: 'Delete these from your file' }).getByRole('listitem')
    expect(await obsolete.allInnerTexts()).toEqual(['mcpServers › tracker', 'mcpServers › second'])
    expect(JSON.parse(await readSnippet(dialog)).mcpServers.mcpgw.args).toContain(url)
    expect(await look(page, 'everything')).not.toContain(secret)
    expect(await look(page, 'violations')).toEqual([])
    expect((await Promise.all(answers)).join('\n')).not.toContain(secret)
    await dialog.getByRole('button', { name: 'Done' }).click()
    expect(window.complaints).toEqual([])

    await using client = await connect({ era: 'modern', way: 'directly', url, token: developer })
    await expect.poll(() => client.tools()).toEqual(['tracker__greet'])
    expect((await client.call('tracker__greet')).text).toBe('greet was called')
    expect(guarded.calledWith).toEqual([secret])
  })

  it('takes a server.json of its own, with a form of what it needs', async () => {
    const secret = 'notes-value-Kq81Xw42'
    await using guarded = await startGuarded(secret, ['greet'])
    const authorization = { name: 'Authorization', value: 'Bearer {key}' }
    const serverJson = {
      name: 'com.example/notes',
      title: 'Notes',
      description: 'Keeps notes.',
      version: '1.2.0',
      remotes: [
        {
          type: 'streamable-http',
          url: `${guarded.url}/mcp`,
          headers: [
            {
              ...authorization,
              variables: { key: { description: 'Your key', isRequired: true, isSecret: true } },
            },
          ],
        },
      ],
    }
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/servers?add=true')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'From a file' }).click()
    await dialog.getByLabel('Configuration').fill(JSON.stringify({ server: serverJson }))
    await dialog.getByRole('button', { name: 'See what it becomes' }).click()
    await dialog.getByRole('heading', { name: 'Notes' }).waitFor()
    await dialog.getByLabel(/^key/i).fill(secret)
    expect(await look(page, 'violations')).toEqual([])
    await dialog.getByRole('button', { name: 'Add and check' }).click()
    await dialog.getByText('notes is added').waitFor()
    expect(window.complaints).toEqual([])
    await using client = await connect({ era: 'legacy', way: 'directly', url, token: developer })
    expect((await client.call('notes__greet')).text).toBe('greet was called')
    expect(guarded.calledWith).toEqual([secret])
  })

  it('says what is wrong with a text that is none', async () => {
    await using window = await openWindow(browser, plane, { token: admin })
    const { page } = window
    await window.open('/w/acme/servers?add=true')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'From a file' }).click()
    await dialog.getByLabel('Configuration').fill('{ "mcpServers": {')
    await dialog.getByRole('button', { name: 'See what it becomes' }).click()
    await dialog.getByRole('alert').getByText('The text is not JSON. Line 1 cannot be read').waitFor()
  })
})
