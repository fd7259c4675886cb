import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { ControlPlane } from '../control-plane.ts'
import { addLooks } from './looks.ts'

/** A window of its own in a browser, at the dashboard. */
export interface DashboardWindow extends AsyncDisposable {
  page: Page
  context: BrowserContext
  /** What its pages complained about: errors, broken rules of the page, dialogs, answers that nobody expected. */
  complaints: string[]
  /** Goes to an address of the dashboard, and waits until all that it shows is there. */
  open(path: string): Promise<void>
  /** The same for whatever was clicked. */
  settled(): Promise<void>
}

export interface WindowOptions extends BrowserContextOptions {
  /** Whoever is signed in; nobody when absent. */
  token?: string
}

/** Opens a window, signed in by a session of its own. */
export async function openWindow(
  browser: Browser,
  plane: ControlPlane,
  { token, ...options }: WindowOptions = {},
): Promise<DashboardWindow> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  // A test that waits for the wrong thing says so while its reader still remembers it.
  context.setDefaultTimeout(20_000)
  await addLooks(context)
  if (token !== undefined) await signIn(context, plane, token)
  const page = await context.newPage()
  const complaints = listenForComplaints(page)
  const settled = () => waitUntilSettled(page)
  return {
    page,
    context,
    complaints,
    settled,
    async open(path) {
      await page.goto(plane.url + path)
      await settled()
    },
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** Everything that has to be asked for is there. */
async function waitUntilSettled(page: Page): Promise<void> {
  await page.locator('main:has(h1):not(:has(.skeleton)), main.alone:has(h1)').first().waitFor()
}

/** A session as the sign-in page gets it, without the page. */
export async function signIn(context: BrowserContext, plane: ControlPlane, token: string): Promise<void> {
  const response = await fetch(`${plane.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(response.headers.get('set-cookie') ?? '') ?? []
  if (name === '') throw new Error(`signing in: ${response.status} ${await response.text()}`)
  await context.addCookies([{ name, value, url: plane.url, httpOnly: true, sameSite: 'Strict' }])
}

function listenForComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return complaints
}

/** Reads a token, or another text to copy, from the page. */
export async function readSnippet(within: Page | Locator): Promise<string> {
  return (await within.locator('.snippet code').first().textContent())?.trim() ?? ''
}
