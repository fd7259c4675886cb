import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { HOSTILE_TEXTS } from '../oauth/hostile-texts.ts'
import { openSink, type Sink } from '../trust/sink.ts'
import { callOnce } from './call-once.ts'
import { ALL_AT_ONCE, startHostile, startHostileNames, toolName } from './hostile-server.ts'
import { look } from './looks.ts'
import { type DashboardWindow, openWindow } from './window.ts'

/** Beside those that attack pages made by a server: what attacks frameworks, sanitizers, styles and addresses. */
const MORE = [
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
  '<noscript><style></noscript><img src=x onerror=alert(1)>',
  '<iframe srcdoc="&lt;img src=//evil.example/i onerror=parent.alert(1)&gt;"></iframe>',
  '<div style="background:url(//evil.example/b)">x</div>',
  'x;background:url(//evil.example/c)',
  '</style><link rel=prefetch href="//evil.example/p">',
  '<a href="//evil.example" ping="//evil.example/ping">x</a>',
  '<img srcset="//evil.example/s 1x">',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
  'java\tscript:alert(1)',
  ' javascript:alert(1)//http://',
  'vbscript:msgbox(1)',
  'http://user@evil.example/%00javascript:alert(1)',
  '{"__proto__":{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=alert(1)>"}}}',
]

/** Texts that stand in each of the lists as they are. */
const SEEN = ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', 'javascript:alert(1)']

describe.skipIf(noBrowser !== undefined)(`hostile texts in the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let plane: ControlPlane
  let browser: Browser
  let sink: Sink
  let window: DashboardWindow
  let texts: string[]
  const requested: string[] = []
  const accepted = { names: 0, calls: 0 }

  beforeAll(async () => {
    sink = open.use(await openSink())
    texts = [...HOSTILE_TEXTS, ...MORE].map((text) =>
      text.replaceAll('evil.example', `127.0.0.1:${sink.port}`),
    )
    const hostile = open.use(await startHostile(texts))
    const named = open.use(await startHostileNames(texts))
    plane = open.use(await ControlPlane.start())
    await plane.workspace('acme')
    await plane.api('POST', '/workspaces/acme/servers', { name: 'hostile', url: hostile.url })
    await plane.api('POST', '/workspaces/acme/servers/hostile/check')
    await plane.api('POST', '/workspaces/acme/servers', { name: 'named', url: named.url })
    await plane.api('POST', '/workspaces/acme/servers/named/check')
    for (const [index, text] of texts.entries()) await useText(text, index)
    browser = await openBrowser()
    open.defer(() => browser.close())
    window = open.use(await openWindow(browser, plane, { token: plane.ownerToken }))
    window.page.on('request', (request) => requested.push(request.url()))
  }, 120_000)

  afterAll(() => open.disposeAsync())

  /** As a member, as a token's name, as a workspace's name, and as the name of a client that calls. */
  async function useText(text: string, index: number): Promise<void> {
    const body = { name: text.slice(0, 100), member: text.slice(0, 200), role: 'developer' }
    const issued = await plane.tryApi('POST', '/workspaces/acme/tokens', body)
    if (issued.status === 201) accepted.names += 1
    await plane.tryApi('POST', '/workspaces', { slug: `w${index}`, name: text.slice(0, 100) })
    await plane.tryApi('POST', '/workspaces/acme/invites', { member: text.slice(0, 200), role: 'developer' })
    const token = issued.status === 201 ? String(issued.body.token) : await plane.token('acme')
    if (await callAs(token, text, `hostile__${toolName(index)}`)) accepted.calls += 1
  }

  function callAs(token: string, client: string, tool: string): Promise<boolean> {
    return callOnce(plane, {
      slug: 'acme',
      token,
      client: { name: client, version: client.slice(0, 20) },
      tool,
    })
  }

  /** Nothing on the page runs, leads away or was markup when it came. */
  async function expectHarmless(page: Page, refusal = /$^/): Promise<void> {
    expect(await look(page, 'markup')).toEqual([])
    expect(await look(page, 'violations')).toEqual([])
    expect(window.complaints.filter((text) => !refusal.test(text))).toEqual([])
    expect(new URL(page.url()).origin).toBe(plane.url)
    expect(
      requested.filter((url) => !/^(data:|blob:)/.test(url) && !url.startsWith(`${plane.url}/`)),
    ).toEqual([])
    expect([sink.connections, sink.heard]).toEqual([0, ''])
  }

  async function expectSeen(page: Page): Promise<void> {
    const everything = await look(page, 'everything')
    expect(SEEN.filter((text) => !everything.includes(text))).toEqual([])
  }

  it('came in: most of them are names and callers here [W1]', () => {
    expect(texts.length).toBeGreaterThanOrEqual(60)
    expect(accepted.names).toBeGreaterThan(60)
    expect(accepted.calls).toBe(texts.length)
  })

  it.each([
    ['overview', '/w/acme', false],
    ['connect', '/w/acme/connect', false],
    ['servers', '/w/acme/servers', false],
    ['tools of a server', '/w/acme/servers/hostile', true],
    ['tools with such names', '/w/acme/servers/named', true],
    ['activity of a server', '/w/acme/servers/hostile?tab=activity', false],
    ['settings of a server', '/w/acme/servers/hostile?tab=settings', false],
    ['playground', '/w/acme/playground', true],
    ['insights', '/w/acme/insights?range=24h', true],
    ['audit', '/w/acme/audit', false],
    ['audit, management', '/w/acme/audit?kind=management', false],
    ['tokens', '/w/acme/tokens', true],
    ['invites', '/w/acme/tokens?tab=invites', true],
    ['members', '/w/acme/members', true],
    ['settings', '/w/acme/settings', false],
    ['workspaces', '/workspaces', true],
    ['all members', '/members', true],
    ['system', '/system', false],
    ['account', '/account', false],
  ])('do nothing on the page of %s [W1]', async (_page, path, shown) => {
    await window.open(path)
    if (shown) await expect.poll(() => look(window.page, 'everything')).toContain(SEEN[0])
    if (shown) await expectSeen(window.page)
    await expectHarmless(window.page)
  })

  it('do nothing in the rows of the log, where reasons and results stand [W1]', async () => {
    const { items } = await plane.api('GET', '/workspaces/acme/audit?kind=call&limit=500')
    // The shape is a part of the public contract; a wrong one fails where it is used.
    for (const { seq } of (items as { seq: number }[]).filter((_row, index) => index % 8 === 0)) {
      await window.open(`/w/acme/audit/${seq}`)
      await expectHarmless(window.page)
    }
  })

  it('do nothing in the definition of a tool, in its form, and in what it answers [W1]', async () => {
    const { page } = window
    await window.open(`/w/acme/playground?tool=hostile__${ALL_AT_ONCE}`)
    await expectSeen(page)
    await expectHarmless(page)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('Image that is not shown').first().waitFor()
    await expectSeen(page)
    await expectHarmless(page)
    for (const index of [0, 1, 2]) {
      await window.open(`/w/acme/playground?tool=hostile__${toolName(index)}`)
      await page.getByRole('button', { name: 'Run', exact: true }).click()
      await expect.poll(() => look(page, 'everything')).toContain(texts[index])
      await expectHarmless(page)
    }
  })

  it('do nothing on the live page as the calls come [W1]', async () => {
    const { page } = window
    const token = await plane.token('acme', { name: SEEN[0], member: SEEN[1] })
    await window.open('/w/acme/live')
    await page.getByText('Connected').waitFor()
    await callAs(token, SEEN[2] ?? '', 'hostile__t1')
    await expect.poll(() => look(page, 'everything')).toContain(SEEN[2])
    await expectSeen(page)
    await expectHarmless(page)
  })

  it('do nothing in the address: in every part of it that a page reads [W1]', async () => {
    // What nothing can be called by, the admin API does not look for.
    const refused = /status of 400/
    for (const text of texts.filter((_text, index) => index % 10 === 0)) {
      const part = encodeURIComponent(text.toWellFormed())
      await window.open(`/w/acme/audit?q=${part}&server=${part}&member=${part}&client=${part}`)
      await expectHarmless(window.page, refused)
      await window.open(`/w/acme/playground?tool=${part}`)
      await expectHarmless(window.page, refused)
    }
  })
})
