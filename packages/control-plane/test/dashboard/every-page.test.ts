import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { look } from './looks.ts'
import { INSTALLATION_PAGES, OUTSIDE_PAGES, workspacePages } from './pages.ts'
import { openTeam, type Team } from './team.ts'
import { type DashboardWindow, openWindow } from './window.ts'

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1280, height: 900 }

const WITH_DATA = [...workspacePages('acme', 'github', 200), ...INSTALLATION_PAGES]
const EMPTY = workspacePages('empty', 'nothing', 1).filter(
  ({ name }) => !['server', 'audit-row'].includes(name),
)

/** What opens a dialog: on which page, and which button. */
const DIALOGS: readonly [path: string, button: string][] = [
  ['/w/acme/servers', 'Add a server'],
  ['/w/acme/tokens', 'Issue a token'],
  ['/w/acme/tokens', 'Invite a teammate'],
  ['/w/acme/credentials', 'Rotate'],
  ['/workspaces', 'Make a workspace'],
  ['/catalogs', 'Add a catalog'],
]

describe.skipIf(noBrowser !== undefined)(`every page of the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let team: Team
  let browser: Browser
  let window: DashboardWindow
  let outside: DashboardWindow

  beforeAll(async () => {
    team = open.use(await openTeam({ calls: 3_000 }))
    await team.plane.api('POST', '/workspaces', { slug: 'empty', name: 'Empty' })
    browser = await openBrowser()
    open.defer(() => browser.close())
    window = open.use(await openWindow(browser, team.plane, { token: team.plane.ownerToken }))
    outside = open.use(await openWindow(browser, team.plane))
  }, 120_000)

  afterAll(() => open.disposeAsync())

  async function visit(path: string, size: { width: number; height: number }, at = window): Promise<Page> {
    await at.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    await at.page.setViewportSize(size)
    await at.open(path)
    return at.page
  }

  /** What axe finds that keeps people out, in both themes. */
  async function findings(page: Page): Promise<string[]> {
    const light = await runAxe(page, 'light')
    const dark = await runAxe(page, 'dark', ['color-contrast'])
    return [...light, ...dark]
  }

  /** Nothing stands out of the window, and nothing moves for who asked for stillness. */
  async function expectToFit(page: Page): Promise<void> {
    expect(await look(page, 'tooWide')).toBe(0)
    expect(await look(page, 'running')).toEqual([])
  }

  describe.each(WITH_DATA)('$name, with a month of calls', ({ path }) => {
    it('shows axe nothing that keeps people out, light on a desk and dark on a phone', async () => {
      const page = await visit(path, DESK)
      expect(await findings(page)).toEqual([])
      await page.setViewportSize(PHONE)
      expect(await runAxe(page, 'dark')).toEqual([])
      await expectToFit(page)
    })

    it('gives each of its controls to the keyboard, and shows where the focus is', async () => {
      const page = await visit(path, DESK)
      expect(await walk(page)).toEqual([])
    })
  })

  it.each(EMPTY)(
    '$name has nothing that keeps people out while there is nothing to show',
    async ({ path }) => {
      const page = await visit(path, PHONE)
      expect(await findings(page)).toEqual([])
      await expectToFit(page)
    },
  )

  it.each(OUTSIDE_PAGES)(
    '$name has nothing that keeps people out who are not signed in',
    async ({ path }) => {
      const page = await visit(path, PHONE, outside)
      expect(await findings(page)).toEqual([])
      await expectToFit(page)
      expect(await walk(page)).toEqual([])
    },
  )

  it.each(DIALOGS)(
    'the dialog on %s behind "%s" keeps nobody out, keeps the focus, and gives it back',
    async (path, name) => {
      const page = await visit(path, DESK)
      const button = page.getByRole('main').getByRole('button', { name }).first()
      await button.focus()
      const before = await look(page, 'focusedElement')
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      expect(await findings(page)).toEqual([])
      await look(page, 'watchFocus')
      await press(page, 'Tab', 40)
      expect(await look(page, 'focusedOutsideDialog')).toEqual([])
      await page.setViewportSize(PHONE)
      await expectToFit(page)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      expect(await look(page, 'focusedElement')).toBe(before)
    },
  )

  it('goes past the menu with the first link, by keyboard', async () => {
    const page = await visit('/w/acme', DESK)
    await page.keyboard.press('Tab')
    expect(await look(page, 'focusedElement')).toContain('Skip to the page')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true)
  })
})

/** Goes through all of a page with Tab and a little way back, and says what went wrong. */
async function walk(page: Page): Promise<string[]> {
  await look(page, 'watchFocus')
  // What comes while one walks, such as rows of the live log, is walked through as well.
  for (let rounds = 0; rounds < 3; rounds++) await press(page, 'Tab', await look(page, 'leftToFocus'))
  await press(page, 'Shift+Tab', 3)
  return look(page, 'focusFaults')
}

async function press(page: Page, key: string, times: number): Promise<void> {
  for (let pressed = 0; pressed < times; pressed++) await page.keyboard.press(key)
}

async function runAxe(page: Page, colorScheme: 'light' | 'dark', rules?: string[]): Promise<string[]> {
  await page.emulateMedia({ colorScheme })
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source)
  const options = {
    resultTypes: ['violations'],
    ...(rules !== undefined && { runOnly: { type: 'rule', values: rules } }),
  }
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 5)
        .map(({ target, failureSummary }) => `${colorScheme}: ${id} at ${target}: ${failureSummary}`),
    )
}
